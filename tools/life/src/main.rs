//! What programs gain under the two-percent rule, and that none loses: the library's own
//! machine and simulator, run for as long as the table says. `cargo run --release -p
//! static-call-life [words of a row's name]`.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the library's sources, not all of it used"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures, and the simulator is told so in the library"
)]

#[path = "../../../runtime/src/life/mod.rs"]
mod life;
#[path = "../../../runtime/src/life/simulator/mod.rs"]
mod simulator;

use life::{Ps, Rules, SEC, US};
use simulator::{Machine, World, all};

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    print(
        "as the library has it",
        Rules::STANDARD,
        Machine::STANDARD,
        &only,
    );
}

fn print(title: &str, rules: Rules, machine: Machine, only: &str) {
    println!("{title}\n");
    println!(
        "| order | time / plain | best / plain | share of the gain | 90 % after s | flips | above 1.02 at worst, us | in a stretch, us |"
    );
    println!("|{}", "---|".repeat(8));
    let micros = |time: Ps| time as f64 / US as f64;
    for row in all() {
        if !row.name.contains(only) {
            continue;
        }
        let name = row.name.clone();
        let out = World::new(row, rules, machine).run();
        let plain = out.plain as f64;
        let share = out
            .share()
            .map_or("-".into(), |share| format!("{:.0} %", share * 100.0));
        let reached = out
            .reached
            .map_or("-".into(), |at| format!("{:.2}", at as f64 / SEC as f64));
        println!(
            "| {name} | {:.4} | {:.3} | {share} | {reached} | {} | {:.0} | {:.0} |",
            out.total as f64 / plain,
            out.best as f64 / plain,
            out.flips,
            micros(out.constant),
            micros(out.stretch),
        );
    }
}
