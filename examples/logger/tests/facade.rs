//! The facade in this process: what it passes on, and to whom.

use std::sync::{Mutex, Once};

use log::{Level, Log, Metadata, Record};
use static_call_example_logger::{
    self as logger, Facade, Fault, Plan, SINK, Sink, WriterSink, audit, dropped, run,
};

/// There is one logger and one binding in the process.
static ALONE: Mutex<()> = Mutex::new(());

fn installed() -> impl Drop {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| logger::install().expect("the first logger"));
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A sink that keeps what it is told, and minds warnings only.
#[derive(Default)]
struct Mock {
    told: Mutex<Vec<String>>,
    flushed: Mutex<u32>,
}

impl Sink for Mock {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn take(&self, record: &Record<'_>) -> bool {
        let wanted = self.wants(record.metadata());
        if wanted {
            let mut told = self.told.lock().unwrap();
            told.push(format!("{}: {}", record.target(), record.args()));
        }
        wanted
    }

    fn flush(&self) {
        *self.flushed.lock().unwrap() += 1;
    }

    fn lines(&self) -> u64 {
        self.told.lock().unwrap().len() as u64
    }
}

#[test]
fn while_nothing_is_bound_records_are_counted_as_dropped_and_nothing_is_wanted() {
    let _alone = installed();
    let before = dropped();
    log::error!("nobody is told");
    assert_eq!(dropped(), before + 1);
    assert!(!log::log_enabled!(Level::Error));
    log::logger().flush();
    // Each thread counts its own.
    std::thread::spawn(|| {
        assert_eq!(dropped(), 0);
        log::error!("nor here");
        assert_eq!(dropped(), 1);
    })
    .join()
    .unwrap();
    assert_eq!(dropped(), before + 1);
}

#[test]
fn an_override_sees_what_is_logged_and_ends_with_its_scope() {
    let _alone = installed();
    let mock: &'static Mock = Box::leak(Box::default());
    let before = dropped();
    {
        let _override = SINK.override_with(mock);
        log::warn!(target: "disk", "{} % full", 97);
        log::info!(target: "disk", "all is well");
        assert!(log::log_enabled!(Level::Warn));
        assert!(!log::log_enabled!(Level::Info));
        Facade.flush();
    }
    log::warn!(target: "disk", "full");
    assert_eq!(*mock.told.lock().unwrap(), ["disk: 97 % full"]);
    assert_eq!(*mock.flushed.lock().unwrap(), 1);
    assert_eq!(dropped(), before + 2, "the one not wanted, and the last");
}

#[test]
fn an_argument_that_logs_does_not_deadlock() {
    struct Logs;
    impl std::fmt::Display for Logs {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            log::info!("inside");
            formatter.write_str("outside")
        }
    }
    let _alone = installed();
    let sink: &'static WriterSink<Vec<u8>> = Box::leak(Box::new(WriterSink::new(Vec::new())));
    let _override = SINK.override_with(sink);
    log::info!("{Logs}");
    let written = sink.with_writer(|bytes| bytes.clone());
    assert_eq!(written, b"INFO inside\nINFO outside\n");
    assert_eq!(sink.lines(), 2);
}

/// Writes a few bytes at a time, and takes its time over it.
#[derive(Default)]
struct Slow(Vec<u8>);

impl std::io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let some = bytes.len().min(7);
        self.0.extend_from_slice(&bytes[..some]);
        std::thread::yield_now();
        Ok(some)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes to what the test can look at.
struct Shared(&'static Mutex<Vec<u8>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_stay_whole_and_in_their_place_whatever_the_writers_do() {
    let _alone = installed();
    let plan = Plan {
        threads: 4,
        lines: 1_500,
        between_swaps: 8,
    };
    let console: &'static WriterSink<Slow> = Box::leak(Box::default());
    let in_file: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
    let file = WriterSink::new(std::io::BufWriter::new(Shared(in_file)));

    let ledger = run(plan, console, Box::new(file)).unwrap();

    let on_console = console.with_writer(|slow| slow.0.clone());
    let in_file = in_file.lock().unwrap().clone();
    let audited = audit(&ledger, &on_console, &in_file).unwrap();
    assert_eq!(audited.offered, 6_000);
    assert_eq!(
        audited.on_console + audited.in_file + audited.dropped,
        audited.offered
    );
    assert_eq!(audited.on_console as u64, console.lines());
    assert_eq!(audited.in_file as u64, ledger.file.lines());
    assert!(ledger.swaps() >= 60, "{}", ledger.swaps());
    assert!(audited.on_console > 0 && audited.in_file > 0 && audited.dropped > 0);
    assert!(audited.settled > 0);

    // The audit would see it: with the last line gone, or with the places exchanged.
    let end = on_console[..on_console.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let fault = audit(&ledger, &on_console[..end], &in_file).unwrap_err();
    assert!(matches!(fault, Fault::Lost { .. }), "{fault}");
    let fault = audit(&ledger, &in_file, &on_console).unwrap_err();
    assert!(matches!(fault, Fault::Misled { .. }), "{fault}");
}
