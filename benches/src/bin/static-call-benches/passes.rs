//! Passes of `retarget()`: with few sites here, with many in a program of their own.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;

use static_call::static_call;
use static_call_benches::body::{Body, Call};
use static_call_benches::builds;
use static_call_benches::latency::{Changing, Latencies, Work, plans, while_calling};
use static_call_benches::layouts::DEFAULT;
use static_call_benches::rows::ManySites;

/// One site changes, among the few of this program. The other thread calls
/// through a patched site whose trampoline is a neighbour, so that it needs the
/// very page that is replaced.
pub(crate) fn few_sites(quick: bool) -> Result<Latencies, String> {
    let mut latencies = Latencies::new();
    let sites = sites();
    let (neighbour, sites) = sites.split_last().ok_or("there are no sites")?;
    let neighbour = std::slice::from_ref(neighbour);
    // What the changing site is called with, and what the other thread calls with.
    let (taught, constant) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Changing::new(neighbour, &taught)?.first(false, &mut latencies)?;
    let sites = if quick { &sites[..2] } else { sites };
    let cycles = if quick { 4 } else { 100 };
    for (index, site) in sites.iter().enumerate() {
        let mut changing = Changing::new(std::slice::from_ref(site), &taught)?;
        let mut measure = |busy| {
            changing.first(busy, &mut latencies)?;
            changing.cycles(plans(), Work::NewChain, busy, &mut latencies)?;
            changing.cycles(cycles, Work::KnownChain, busy, &mut latencies)
        };
        if index % 2 == 0 {
            measure(false)?;
        } else {
            while_calling(neighbour, &constant, || measure(true))?;
        }
    }
    Ok(latencies)
}

/// 10,000 sites change, in several runs of a program that has as many.
pub(crate) fn many_sites(quick: bool) -> Result<ManySites, String> {
    const PROGRAM: &str = "ten-thousand-sites";
    let path = builds::build(PROGRAM, &DEFAULT)?;
    let mut all = ManySites::default();
    for _ in 0..if quick { 1 } else { 5 } {
        let mut command = Command::new(&path);
        if quick {
            command.arg("--quick");
        }
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("{PROGRAM} could not be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("{PROGRAM} failed: {}", output.status));
        }
        let one: ManySites = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{PROGRAM} printed something else: {error}"))?;
        all.latencies.extend(one.latencies);
        all.sizes = one.sizes;
    }
    Ok(all)
}

/// Sites that are retargeted, one at a time.
fn sites() -> Vec<Call> {
    macro_rules! sites {
        ($($copy:literal)*) => {
            vec![$({
                fn call(body: &dyn Body, x: u64) -> u64 {
                    black_box($copy);
                    static_call!(body.step(x))
                }
                call as Call
            }),*]
        };
    }
    sites!(0 1 2 3 4 5 6 7)
}
