//! Events like those of `tracing`, in a loop that is hot: off, each is one NOP, and they are
//! switched on while threads are inside.
//!
//! `cargo run --release -p static-call-examples --bin events`. Two threads take apart numbers,
//! with an event for each that is odd in some way. For a moment somebody listens; then nobody
//! does. It ends with an error if an event was lost that had to be there, or came when nobody
//! could have asked for it.

mod event;
mod work;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use event::Subscription;

fn main() -> ExitCode {
    match try_main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_main() -> Result<(), Box<dyn std::error::Error>> {
    let stop = AtomicBool::new(false);
    let rounds = [const { AtomicU64::new(0) }; 2];
    let heard = thread::scope(|scope| {
        for rounds in &rounds {
            let stop = &stop;
            scope.spawn(move || {
                let numbers = work::numbers();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::black_box(work::with_events(&numbers));
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let heard = listen_for_a_moment(&rounds);
        stop.store(true, Ordering::Relaxed);
        heard
    })?;
    println!("while somebody listened: {heard} events");
    println!(
        "off, the loop took {:.2} of the time of the same without events",
        ratio()
    );
    Ok(())
}

/// Waits for some rounds of each thread: one may wait for a processor in the middle of one.
fn wait(rounds: &[AtomicU64], more: u64) {
    let wanted = rounds
        .iter()
        .map(|rounds| rounds.load(Ordering::Relaxed) + more);
    for (wanted, rounds) in wanted.collect::<Vec<_>>().into_iter().zip(rounds) {
        while rounds.load(Ordering::Relaxed) < wanted {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// How many events came while somebody listened.
fn listen_for_a_moment(rounds: &[AtomicU64]) -> Result<u64, Box<dyn std::error::Error>> {
    wait(rounds, 20);
    if event::recorded() != 0 {
        return Err("events came before anybody asked for them".into());
    }
    let first = Subscription::new()?;
    let second = Subscription::new()?;
    wait(rounds, 20);
    drop(first);
    let before = event::recorded();
    wait(rounds, 20);
    if event::recorded() == before {
        return Err("one who stopped listening took the other's events along".into());
    }
    drop(second);
    // Who was in the branch goes through it.
    wait(rounds, 2);
    let heard = event::recorded();
    wait(rounds, 20);
    if event::recorded() != heard {
        return Err("events came when nobody listened any more".into());
    }
    Ok(heard)
}

/// The median of pairs, one after the other.
fn ratio() -> f64 {
    let numbers = work::numbers();
    let time = |work: fn(&[u64]) -> u64| {
        let start = Instant::now();
        for _ in 0..20 {
            std::hint::black_box(work(std::hint::black_box(&numbers)));
        }
        start.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<_> = (0..101)
        .map(|_| time(work::with_events) / time(work::without_events))
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[50]
}
