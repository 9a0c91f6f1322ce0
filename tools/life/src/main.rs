//! What programs gain under the two-percent rule, and that none loses: the library's own
//! machine and simulator, run for as long as the table says. `cargo run --release -p
//! static-call-life [words of a row's name]`.
#![allow(
    dead_code,
    unused_imports,
    reason = "the library's sources, not all of which are used here"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::duplicate_mod,
    reason = "figures to print; and the simulator is part of `life` in the library"
)]

#[path = "../../../runtime/src/life/mod.rs"]
mod life;
#[path = "../../../runtime/src/life/simulator/mod.rs"]
mod simulator;
#[path = "../../../runtime/src/window/mod.rs"]
mod window;

use life::{NS, Prices, Ps, Rules, SEC, US};
use simulator::{Machine, Row, World, all};

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let standard = Machine::STANDARD;
    print("As measured on a Zen 5", standard, 0, &only);
    let cheap = Machine {
        prices: Prices {
            book: NS,
            ..standard.prices
        },
        ..standard
    };
    let random = if only.is_empty() { " random" } else { &only };
    print("Where a miss is counted for 1 ns", cheap, 0, random);
    print("Retpolines, chains of two", Machine::RETPOLINES, 2, random);
}

fn print(title: &str, machine: Machine, chain: usize, only: &str) {
    println!("\n{title}\n");
    println!(
        "| order | time / plain | best / plain | share of the gain | 90 % after s | flips | above 1.02, us | in a stretch, us |\n|{}",
        "---|".repeat(8)
    );
    let micros = |time: Ps| time as f64 / US as f64;
    for row in all() {
        if !row.name.contains(only) {
            continue;
        }
        let name = row.name.clone();
        let row = Row { chain, ..row };
        let out = World::new(row, Rules::STANDARD, machine).run();
        let plain = out.plain as f64;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".into());
        println!(
            "| {name} | {:.4} | {:.3} | {} | {} | {} | {:.0} | {:.0} |",
            out.total as f64 / plain,
            out.best as f64 / plain,
            or_none(out.share().map(|share| format!("{:.0} %", share * 100.0))),
            or_none(
                out.reached
                    .map(|at| format!("{:.2}", at as f64 / SEC as f64))
            ),
            out.flips,
            micros(out.constant),
            micros(out.stretch),
        );
    }
}
