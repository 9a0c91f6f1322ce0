//! The measuring side: one row, in a process of its own, with the runtime in one mode.
//!
//! The mode is the process's, so that `idle`, `chain` and `auto` are measured by
//! three processes. Each measures the plain call too, in alternation with its other
//! columns, and `static-call-benches` has them take turns within each round.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use static_call::runtime::{self, Config, Mode};

use crate::columns::Column;
use crate::copies::{Copies, Loop};
use crate::order::{Mix, Order, Sources};
use crate::standing::Standing;
use crate::stats::Shuffle;

/// Misses before a patched site stops counting them.
const MISSES: u32 = 64;
/// Passes after which sites that are not in their state are left as they are.
const PASSES: usize = 24;
/// No variant: the second thread rests.
const REST: usize = usize::MAX;

/// The loops of one body.
#[derive(Clone, Copy)]
pub struct Family {
    /// Plain calls.
    pub plain: &'static Copies,
    /// Plain calls again.
    pub control: &'static Copies,
    /// `static_call!`.
    pub site: &'static Copies,
    /// `static_call!` with `inline = […]`.
    pub inline: Option<&'static Copies>,
    /// `specialize!`.
    pub specialize: Option<&'static Copies>,
    /// An enum and a `match`.
    pub by_hand: Option<&'static Copies>,
    /// `enum_dispatch`.
    pub enum_dispatch: Option<&'static Copies>,
    /// `devirt`.
    pub devirt: Option<&'static Copies>,
    /// Generics.
    pub generics: Option<&'static Copies>,
}

/// A row of the benchmark.
#[allow(
    clippy::struct_excessive_bools,
    reason = "properties of rows, in any combination"
)]
pub struct Row {
    /// As given on the command line.
    pub id: &'static str,
    /// For people.
    pub label: &'static str,
    /// The types that come by.
    pub mix: Mix,
    /// The loops.
    pub family: Family,
    /// Where the objects come from; may fail where they come from a plugin.
    pub sources: fn() -> Result<Sources, String>,
    /// Whether each call needs an object of its own, for `&mut self`.
    pub boxed: bool,
    /// Whether a second thread runs the same loop meanwhile.
    pub company: bool,
    /// Whether `retarget()` runs between rounds.
    pub relearns: bool,
    /// Whether there are types that no list can name.
    pub open: bool,
}

/// What a worker says first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The columns that it measures, plain first.
    pub columns: Vec<Column>,
}

/// What a worker says last.
#[derive(Debug, Serialize, Deserialize)]
pub struct Goodbye {
    /// For each column, what its sites do.
    pub standings: Vec<Standing>,
    /// Whether they are in the state that the column is about, and stayed there.
    pub fits: Vec<bool>,
}

impl Row {
    /// The loop of a column, if the column can express this row.
    fn copies(&self, column: Column) -> Option<&'static Copies> {
        let family = &self.family;
        match column {
            Column::Plain => Some(family.plain),
            Column::Control => Some(family.control),
            Column::Idle | Column::Chain | Column::Auto => Some(family.site),
            Column::Inline | Column::AutoInline => family.inline,
            Column::Specialize => family.specialize,
            Column::Generics => family.generics.filter(|_| matches!(self.mix, Mix::One)),
            Column::Enum => family.by_hand.filter(|_| !self.open),
            Column::EnumDispatch => family.enum_dispatch.filter(|_| !self.open),
            Column::Devirt => family.devirt.filter(|_| !self.open),
        }
    }
}

/// Measures `row` for whoever is at the other end of standard input and output: for
/// each line, which holds a seed, one line with nanoseconds per call for each column.
///
/// # Errors
/// Contenders that disagree about what comes of the calls; a refused step of patching;
/// a broken pipe. In words.
pub fn serve(row: &Row, mode: Mode, columns: &[Column]) -> Result<(), String> {
    let variants: Vec<_> = columns
        .iter()
        .filter_map(|&column| Some((column, row.copies(column)?)))
        .collect();
    let sources = (row.sources)()?;
    let mut order = Order::new(row.mix, sources, row.boxed);
    agree(row, &sources)?;
    let mut config = Config::default().mode(mode).misses(MISSES);
    if mode == Mode::Always {
        config = config.minimum_coverage(0.0);
    }
    runtime::configure(config).map_err(|error| error.to_string())?;
    settle(&variants, mode, &mut order)?;
    let standings = || -> Vec<Standing> {
        let copies = variants.iter().map(|(_, copies)| *copies);
        copies.map(Standing::of).collect()
    };
    let before = standings();
    say(&Hello {
        columns: variants.iter().map(|(column, _)| *column).collect(),
    })?;

    let company = row.company.then(|| Company::new(row, &sources));
    let loops: Vec<&[Loop]> = variants.iter().map(|(_, copies)| copies.loops).collect();
    let measured = std::thread::scope(|scope| {
        let _ends = company.as_ref().map(Ends);
        if let Some(company) = &company {
            scope.spawn(|| company.keep(&loops));
        }
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| error.to_string())?;
            let seed: u64 = line.trim().parse().map_err(|_| format!("`{line}`?"))?;
            if let Some(company) = &company {
                company.rest();
                company.fill(seed);
            }
            order.fill(&mut Shuffle::new(seed));
            let seconds = round(&loops, seed, &mut order, company.as_ref());
            say(&per_call(&seconds, &variants))?;
            if row.relearns {
                runtime::retarget().map_err(|error| error.to_string())?;
            }
        }
        Ok::<(), String>(())
    });
    measured?;
    agree(row, &sources)?;
    let after = standings();
    let fits = variants
        .iter()
        .zip(before.iter().zip(&after))
        .map(|((_, copies), (before, after))| {
            copies.location.is_empty()
                || row.relearns
                || after.fits(copies, mode)
                    && Standing {
                        misses: before.misses,
                        ..after.clone()
                    } == *before
        })
        .collect();
    say(&Goodbye {
        standings: after,
        fits,
    })
}

/// All contenders, those of other modes too, must do the same.
fn agree(row: &Row, sources: &Sources) -> Result<(), String> {
    let result = |copies: &Copies, copy: usize| {
        let mut order = Order::new(row.mix, *sources, row.boxed);
        order.fill(&mut Shuffle::new(7));
        copies.loops[copy](&mut order)
    };
    let right = result(row.family.plain, 0);
    for column in Column::ALL {
        let Some(copies) = row.copies(column) else {
            continue;
        };
        for copy in 0..copies.loops.len() {
            let found = result(copies, copy);
            if found != right {
                return Err(format!(
                    "copy {copy} of `{column}` gives {found:#x} in row `{}`, the plain call {right:#x}",
                    row.id
                ));
            }
        }
    }
    Ok(())
}

/// Brings all sites into the state that `mode` leads to.
fn settle(
    variants: &[(Column, &'static Copies)],
    mode: Mode,
    order: &mut Order,
) -> Result<(), String> {
    let mut shuffle = Shuffle::new(1);
    let mut teach = || {
        for (_, copies) in variants {
            for run in copies.loops {
                for _ in 0..4 {
                    order.fill(&mut shuffle);
                    black_box(run(order));
                }
            }
        }
    };
    // Opened windows are filled by calls, and a further pass plans. What calls miss
    // after that is counted until a budget is used up, and reopens windows in turn.
    for _ in 0..PASSES {
        teach();
        runtime::retarget().map_err(|error| error.to_string())?;
        let mut sites = variants.iter().filter(|(_, copies)| copies.sites > 0);
        if sites.all(|(_, copies)| Standing::of(copies).fits(copies, mode)) {
            break;
        }
    }
    teach();
    Ok(())
}

/// Seconds for each variant: all copies of all variants in turn.
fn round(loops: &[&[Loop]], seed: u64, order: &mut Order, company: Option<&Company>) -> Vec<f64> {
    // Whoever had the processor meanwhile left other things in its caches.
    for copies in loops {
        black_box(copies[0](order));
    }
    let rotation = usize::try_from(seed % 1024).unwrap_or(0);
    let mut seconds = vec![0.0; loops.len()];
    if let Some(company) = company {
        // The second thread takes its time to follow, so that it is asked but once
        // for each variant.
        for turn in 0..loops.len() {
            let variant = (turn + rotation) % loops.len();
            company.work(variant);
            for run in loops[variant] {
                seconds[variant] += time(*run, order);
            }
        }
        return seconds;
    }
    let copies = loops.iter().map(|copies| copies.len()).max();
    for copy in 0..copies.unwrap_or(0) {
        for turn in 0..loops.len() {
            let variant = (turn + rotation + copy) % loops.len();
            if let Some(run) = loops[variant].get(copy) {
                seconds[variant] += time(*run, order);
            }
        }
    }
    seconds
}

/// Nanoseconds per call.
fn per_call(seconds: &[f64], variants: &[(Column, &Copies)]) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let calls = |copies: &Copies| (copies.calls * copies.loops.len()) as f64;
    let variants = variants.iter().map(|(_, copies)| calls(copies));
    let each = seconds.iter().zip(variants);
    each.map(|(seconds, calls)| seconds * 1e9 / calls).collect()
}

fn time(run: Loop, order: &mut Order) -> f64 {
    let start = Instant::now();
    black_box(run(black_box(order)));
    start.elapsed().as_secs_f64()
}

fn say<T: Serialize>(what: &T) -> Result<(), String> {
    let line = serde_json::to_string(what).map_err(|error| error.to_string())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

/// A second thread that runs the variant that is being measured, on objects in the
/// same order, over and over.
struct Company {
    order: Mutex<Order>,
    /// Whose loops it should run, and whose it runs.
    wanted: AtomicUsize,
    running: AtomicUsize,
    ended: AtomicBool,
}

impl Company {
    fn new(row: &Row, sources: &Sources) -> Self {
        Company {
            order: Mutex::new(Order::new(row.mix, *sources, row.boxed)),
            wanted: AtomicUsize::new(REST),
            running: AtomicUsize::new(REST),
            ended: AtomicBool::new(false),
        }
    }

    /// Has the thread run a variant's loops, and waits until it does.
    fn work(&self, wanted: usize) {
        self.wanted.store(wanted, Ordering::Release);
        while self.running.load(Ordering::Acquire) != wanted {
            // The other processor may be anybody's.
            std::thread::yield_now();
        }
    }

    fn rest(&self) {
        self.work(REST);
    }

    fn fill(&self, seed: u64) {
        if let Ok(mut order) = self.order.lock() {
            order.fill(&mut Shuffle::new(seed));
        }
    }

    /// The thread's work.
    fn keep(&self, loops: &[&[Loop]]) {
        while !self.ended.load(Ordering::Acquire) {
            let wanted = self.wanted.load(Ordering::Acquire);
            self.running.store(wanted, Ordering::Release);
            if let (Some(variant), Ok(mut order)) = (loops.get(wanted), self.order.lock()) {
                for run in *variant {
                    black_box(run(&mut order));
                }
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Ends the second thread, also when an error ends the first one's work.
struct Ends<'a>(&'a Company);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
    }
}
