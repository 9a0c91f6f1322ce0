//! What re-planning 10,000 call sites takes, and what they weigh. Prints JSON for
//! `static-call-benches`, which runs this program.

mod heap;
mod sites;
mod sizes;

use std::sync::atomic::AtomicUsize;

use clap::Parser;
use static_call::runtime;
use static_call_benches::latency::{Changing, Latencies, Work, plans, while_calling};
use static_call_benches::rows::{ManySites, Size};

/// Measures `retarget()` with 10,000 call sites; prints JSON.
#[derive(Parser)]
struct Arguments {
    /// Few passes: to see that it works.
    #[arg(long)]
    quick: bool,
}

fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    let calls = sites::all();
    let current = AtomicUsize::new(0);
    let mut latencies = Latencies::new();
    let mut changing = Changing::new(&calls, &current)?;
    let before = heap::live();
    changing.first(false, &mut latencies)?;
    let heap = heap::live().saturating_sub(before);

    let cycles = if arguments.quick { 2 } else { 30 };
    let new_chains = if arguments.quick { 1 } else { plans() / 2 };
    changing.cycles(new_chains, Work::NewChain, false, &mut latencies)?;
    changing.cycles(cycles, Work::KnownChain, false, &mut latencies)?;
    while_calling(&calls, &current, || {
        changing.cycles(new_chains, Work::NewChain, true, &mut latencies)?;
        changing.cycles(cycles, Work::KnownChain, true, &mut latencies)
    })?;

    let mut sizes = sizes::per_site(calls.len())?;
    sizes.push(heap_row("heap after the first chain", heap, calls.len()));
    let report = runtime::report();
    sizes.push(heap_row(
        &format!(
            "code: chains outside of trampolines, {} of them",
            report.chains
        ),
        report.chain_bytes,
        report.chains,
    ));
    let many = ManySites {
        latencies: latencies.into_iter().collect(),
        sizes,
    };
    let json = serde_json::to_string(&many).map_err(|error| error.to_string())?;
    println!("{json}");
    Ok(())
}

fn heap_row(what: &str, bytes: usize, sites: usize) -> Size {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes_per_site = bytes as f64 / sites.max(1) as f64;
    Size {
        what: what.to_owned(),
        bytes_per_site,
    }
}
