//! Four threads log while the sink is exchanged: standard error, a file, nothing, and back.
//!
//! `cargo run --release -p static-call-example-logger 2>stderr.log`; a number as argument
//! is how many lines each thread logs. It ends with an error if a line was torn, lost,
//! doubled, or led to the wrong place.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::process::ExitCode;

use static_call::runtime;
use static_call_example_logger::{
    self as logger, Audit, Plan, SINK, Sink, Tee, WriterSink, audit, run,
};

static STDERR: WriterSink<Tee> = WriterSink::new(Tee::new());

fn main() -> ExitCode {
    match try_main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not to standard error, where the lines are.
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn try_main() -> Result<(), Box<dyn Error>> {
    let lines = match std::env::args().nth(1) {
        Some(lines) => lines
            .parse()
            .map_err(|error| format!("`{lines}` is not a number of lines: {error}"))?,
        None => 5_000,
    };
    let plan = Plan {
        threads: 4,
        lines,
        between_swaps: 20,
    };
    logger::install()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("lines.log");
    let file = WriterSink::new(BufWriter::new(File::create(&path)?));

    let ledger = run(plan, &STDERR, Box::new(file))?;

    let in_file = ledger.file.lines();
    let written = fs::read(&path)?;
    let on_stderr = STDERR.lines();
    let audit = STDERR.with_writer(|tee| audit(&ledger, tee.copy(), &written))?;
    let Audit {
        offered,
        on_console,
        in_file: found_in_file,
        dropped,
        settled,
    } = audit;
    println!("{} threads, {lines} lines each", plan.threads);
    println!("{:>8} swaps", ledger.swaps());
    println!("{offered:>8} lines offered");
    println!("{on_console:>8} on standard error; its sink counted {on_stderr}");
    println!("{found_in_file:>8} in the file; its sink counted {in_file}");
    println!("{dropped:>8} dropped while nothing was bound");
    println!("{settled:>8} of all met no swap, and are where they had to be");
    if (on_console as u64, found_in_file as u64) != (on_stderr, in_file) {
        return Err("a sink has written other lines than it has counted".into());
    }
    println!("none torn, none lost, none twice, none out of order");

    // Closes the file: the binding owned its sink, and the ledger's was the last handle.
    drop(ledger);
    // SAFETY: the threads that logged were joined in `run`, this one is not inside a
    // method of the sink, and nothing that a method returned borrows.
    let closed = unsafe { SINK.reclaim() }?;
    println!("{closed:>8} sink of the binding's own closed");

    for binding in runtime::report().bindings {
        println!("{}: {}, {}", binding.name, binding.state, binding.why);
    }
    Ok(())
}
