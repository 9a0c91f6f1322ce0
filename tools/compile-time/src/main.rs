//! What annotations and call sites cost in compile time and code size.
//!
//! `cargo run --release -p static-call-compile-time` writes programs that differ in one
//! thing only, builds each in turns, and prints a table. A time is that of the one rustc
//! that compiles the program's own crate, linking included; dependencies are built
//! before. Sizes are those of the linked program's executable and other sections.
//!
//! | family | programs |
//! |---|---|
//! | `sites` | a function for each call through `dyn`, with as much other code as asked for |
//! | `calls` | the same with no code but the calls: all that is compiled is what is measured |
//! | `trait` | a trait with as many methods as asked for, two implementations, no site |

mod programs;
mod timing;

use std::process::ExitCode;

use clap::Parser;

use crate::programs::{Family, Program};
use crate::timing::{Build, Clock, Measured};

/// Builds programs that differ in their calls only, and compares.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Which families; all if none is named.
    #[arg(value_name = "FAMILY")]
    families: Vec<Family>,
    /// Which ways to build; all if none is named.
    #[arg(long)]
    build: Vec<Build>,
    /// Which programs of the family; all if none is named.
    #[arg(long)]
    program: Vec<String>,
    /// Call sites.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    sites: u32,
    /// Methods of the large trait.
    #[arg(long, default_value_t = 190, value_parser = clap::value_parser!(u32).range(1..))]
    methods: u32,
    /// How often each program is compiled; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Which time: processor time where others use the machine too (Unix only).
    #[arg(long, default_value = "elapsed")]
    clock: Clock,
}

/// One program, and what was measured of each way to build it.
type Row = (Program, Vec<(Build, Measured)>);

fn main() -> ExitCode {
    if let Some(result) = timing::as_wrapper() {
        return result;
    }
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), timing::Error> {
    let families = if arguments.families.is_empty() {
        Family::ALL.to_vec()
    } else {
        arguments.families.clone()
    };
    let builds = if arguments.build.is_empty() {
        Build::ALL.to_vec()
    } else {
        arguments.build.clone()
    };
    for family in families {
        let mut programs = family.programs(arguments.sites, arguments.methods);
        programs.retain(|program| {
            let named = &arguments.program;
            named.is_empty() || named.iter().any(|name| name == program.name)
        });
        let workspace = timing::write(family, &programs)?;
        let mut rows: Vec<Row> = Vec::new();
        for program in programs {
            rows.push((program, Vec::new()));
        }
        for &build in &builds {
            let names: Vec<_> = rows.iter().map(|(program, _)| program.name).collect();
            let measured = workspace.measure(&names, build, arguments.rounds, arguments.clock)?;
            for (row, measured) in rows.iter_mut().zip(measured) {
                row.1.push((build, measured));
            }
        }
        print(family, &builds, &rows);
    }
    Ok(())
}

fn print(family: Family, builds: &[Build], rows: &[Row]) {
    println!("\n{}", family.title());
    print!("| program | lines |");
    for build in builds {
        print!(" {build} |");
        if *build == Build::Release {
            print!(" text | a site | other sections | a site |");
        }
    }
    print!("\n|---|---|");
    for build in builds {
        print!(
            "---|{}",
            if *build == Build::Release {
                "---|---|---|---|"
            } else {
                ""
            }
        );
    }
    println!();
    let plain = &rows[0];
    // Whose sites are none, and whose runtime is there.
    let without = rows.iter().find(|(program, _)| program.is_base_of_sizes);
    for (program, measured) in rows {
        print!("| {} | {} |", program.title, program.lines());
        for (index, (build, measured)) in measured.iter().enumerate() {
            let of = measured.seconds / plain.1[index].1.seconds;
            print!(" {:.2} s ({of:.2}) |", measured.seconds);
            if *build == Build::Release {
                let each = |size: fn(&Measured) -> u64| {
                    let base = without.map(|(_, measured)| size(&measured[index].1));
                    base.filter(|_| program.sites != 0)
                        .map_or_else(String::new, |base| {
                            let more = i128::from(size(measured)) - i128::from(base);
                            (more / i128::from(program.sites)).to_string()
                        })
                };
                let (text, other) = (measured.text, measured.other);
                let (of_text, of_other) = (
                    each(|measured| measured.text),
                    each(|measured| measured.other),
                );
                print!(" {text} | {of_text} | {other} | {of_other} |");
            }
        }
        println!();
    }
}
