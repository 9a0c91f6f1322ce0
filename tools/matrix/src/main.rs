//! Record counts and hit rates must not depend on how a program is built.
//!
//! `cargo run -p static-call-matrix` builds `runtime/tests/fixtures/sections` in every
//! row of the table below and runs it; `-- --quick` takes two linkers with and
//! without LTO, `-- dylib lld` the rows that name these words. Linkers that are not
//! installed are named and left out. Ends with an error if any row differs from what
//! is in the source.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HOST: &str = "x86_64-unknown-linux-gnu";
/// What every row must print. One site is never called.
const RIGHT: &str = "146 of 146 sites, 145 patched, 0 of 87000 calls missed, 64 of 64 trampolines of bindings, 64 patched";
/// The same of the static key: nobody sees it on, then all, then nobody.
const KEY_RIGHT: &str = "static key: 0, 12 and 0 of 12 places";
/// The same with a Rust dylib's runtime, which does not know who else has places.
const KEY_REFUSED: &str = "static key: 0 of 12 places, refused: ";

/// One way to build.
#[derive(Clone, Copy)]
struct Row {
    linker: Linker,
    lto: &'static str,
    units: &'static str,
    optimization: &'static str,
    also: Also,
}

#[derive(Clone, Copy, PartialEq)]
enum Linker {
    /// The one that rustc brings along and uses by itself.
    Default,
    Bfd,
    Lld,
    Mold,
}

#[derive(Clone, Copy, PartialEq)]
enum Also {
    Nothing,
    Strip,
    StaticPie,
    /// Said once more, and with what it removes.
    CollectSections,
    /// A library beside the program, each with a runtime.
    Cdylib,
    Dylib,
}

impl Linker {
    const ALL: [Linker; 4] = [Linker::Default, Linker::Bfd, Linker::Lld, Linker::Mold];

    /// What `-fuse-ld` calls it.
    fn name(self) -> &'static str {
        match self {
            Linker::Default => "default",
            Linker::Bfd => "bfd",
            Linker::Lld => "lld",
            Linker::Mold => "mold",
        }
    }

    fn is_installed(self) -> bool {
        self == Linker::Default
            || Command::new(format!("ld.{}", self.name()))
                .arg("--version")
                .output()
                .is_ok()
    }

    /// What it leaves in `.comment`, if anything.
    fn was_used(self, program: &Path) -> bool {
        let bytes = std::fs::read(program).unwrap_or_default();
        let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        match self {
            Linker::Default => true,
            Linker::Bfd => !has(b"Linker: LLD") && !has(b"mold "),
            Linker::Lld => has(b"Linker: ") || has(b"LLD "),
            Linker::Mold => has(b"mold "),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let also = match self.also {
            Also::Nothing => "",
            Also::Strip => "strip",
            Also::StaticPie => "static-pie",
            Also::CollectSections => "--gc-sections",
            Also::Cdylib => "cdylib beside it",
            Also::Dylib => "dylib beside it",
        };
        let linker = self.linker.name();
        let Row {
            lto,
            units,
            optimization,
            ..
        } = self;
        write!(
            formatter,
            "{linker:8} {lto:5} {units:6} {optimization:4} {also:17}"
        )
    }
}

fn rows(quick: bool) -> Vec<Row> {
    let base = Row {
        linker: Linker::Default,
        lto: "off",
        units: "16",
        optimization: "3",
        also: Also::Nothing,
    };
    let mut rows = Vec::new();
    for lto in if quick {
        &["off", "fat"][..]
    } else {
        &["off", "thin", "fat"]
    } {
        let linkers = if quick {
            &Linker::ALL[..2]
        } else {
            &Linker::ALL[..]
        };
        for &linker in linkers {
            rows.push(Row {
                linker,
                lto,
                ..base
            });
        }
    }
    if quick {
        return rows;
    }
    for units in ["1", "16"] {
        for optimization in ["0", "3", "s"] {
            rows.push(Row {
                units,
                optimization,
                ..base
            });
        }
    }
    for linker in Linker::ALL {
        let also = [
            Also::Strip,
            Also::CollectSections,
            Also::Cdylib,
            Also::Dylib,
        ];
        rows.extend(also.map(|also| Row {
            linker,
            also,
            ..base
        }));
    }
    rows.push(Row {
        also: Also::StaticPie,
        ..base
    });
    rows.push(Row {
        also: Also::StaticPie,
        lto: "fat",
        units: "1",
        ..base
    });
    rows.push(Row {
        also: Also::Cdylib,
        lto: "fat",
        units: "1",
        ..base
    });
    rows
}

/// The tool's own place for builds, one for each profile, since Cargo keeps one.
fn target(row: &Row) -> PathBuf {
    let root = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from("target"), PathBuf::from)
        .join("matrix");
    let kind = if row.also == Also::StaticPie {
        "static"
    } else {
        "shared"
    };
    root.join(format!(
        "{}-{}-{}-{kind}",
        row.lto, row.units, row.optimization
    ))
}

/// Builds a package of the row; the last arguments go to rustc for it alone.
fn build(row: &Row, package: &str, crate_type: Option<&str>) -> Result<(), String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "rustc",
            "--quiet",
            "--release",
            "--target",
            HOST,
            "--package",
            package,
        ])
        .args(crate_type.map(|kind| format!("--crate-type={kind}")))
        .arg("--target-dir")
        .arg(target(row))
        .env("CARGO_PROFILE_RELEASE_LTO", row.lto)
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", row.units)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", row.optimization)
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .arg("--");
    if row.linker != Linker::Default {
        cargo.arg(format!("-Clink-arg=-fuse-ld={}", row.linker.name()));
    }
    match row.also {
        Also::Strip => drop(cargo.arg("-Cstrip=symbols")),
        Also::CollectSections => drop(cargo.arg("-Clink-arg=-Wl,--gc-sections")),
        Also::StaticPie => drop(cargo.env("RUSTFLAGS", "-Ctarget-feature=+crt-static")),
        Also::Nothing | Also::Cdylib | Also::Dylib => {}
    }
    let output = cargo.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Builds and runs; what was printed, and whether it is right.
fn check(row: &Row) -> Result<usize, String> {
    build(row, "static-call-fixture-sections", None)?;
    let built = target(row).join(HOST).join("release");
    let program = built.join("static-call-fixture-sections");
    if !row.linker.was_used(&program) {
        return Err(format!("{} did not link it", row.linker.name()));
    }
    let mut run = Command::new(&program);
    run.env_remove("STATIC_CALL");
    let mut expected = 1;
    let kind = match row.also {
        Also::Cdylib => Some("cdylib"),
        Also::Dylib => Some("dylib"),
        _ => None,
    };
    if kind.is_some() {
        build(row, "static-call-fixture-sections-library", kind)?;
        run.arg(built.join("libstatic_call_fixture_sections_library.so"));
        run.env("LD_LIBRARY_PATH", library_path()?);
        expected = 3;
    }
    let output = run.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    }
    let right = said.lines().filter(|line| *line == RIGHT).count();
    let refused = usize::from(kind == Some("dylib"));
    let switched = said.lines().filter(|line| *line == KEY_RIGHT).count();
    let keys = switched == expected - refused && said.matches(KEY_REFUSED).count() == refused;
    if right == expected && keys && said.matches("sites,").count() == expected {
        Ok(right)
    } else {
        Err(said.into_owned())
    }
}

/// Where the shared standard library lies.
fn library_path() -> Result<PathBuf, String> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir"])
        .output()
        .map_err(|error| error.to_string())?;
    let path = output.stdout.trim_ascii();
    let path: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(path);
    Ok(path.into())
}

fn main() -> ExitCode {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument == "--quick");
    let (mut rows, mut wrong, mut missing) = (rows(!options.is_empty()), 0, Vec::new());
    rows.retain(|row| {
        let title = row.to_string();
        let has = |word: &String| title.split_whitespace().any(|part| part == word);
        words.iter().all(has)
    });
    if rows.is_empty() {
        println!("no row has the words {}", words.join(", "));
        return ExitCode::FAILURE;
    }
    println!("linker   LTO   units  opt  also              result");
    for row in rows {
        if !row.linker.is_installed() {
            missing.push(row.linker.name());
            continue;
        }
        let result = match check(&row) {
            Ok(times) => format!("{times} x {RIGHT}"),
            Err(error) => {
                wrong += 1;
                format!("WRONG: {}", error.trim())
            }
        };
        println!("{row} {result}");
    }
    missing.dedup();
    if !missing.is_empty() {
        println!("not installed and left out: {}", missing.join(", "));
    }
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        println!("{wrong} rows are wrong");
        ExitCode::FAILURE
    }
}
