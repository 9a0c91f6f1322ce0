//! The rows.

use static_call_benches::order::{Mix, Sources};
use static_call_benches::serve::{Family, Row};

use crate::loops::{self, LARGE, MEDIUM, RECEIVER, STEP, STEP_MUT, STEP_OF_FOUR, STEP_OF_SIX};

/// A row as most are: `&self`, objects made beside the loops, one thread.
const fn row(id: &'static str, label: &'static str, mix: Mix, family: Family) -> Row {
    Row {
        id,
        label,
        mix,
        family,
        sources: || Ok(loops::here()),
        boxed: false,
        company: false,
        relearns: false,
        open: false,
    }
}

const TWO: Mix = Mix::Skewed { of: 2 };
const EIGHT: Mix = Mix::Skewed { of: 8 };

/// All rows that this program measures; the one with 4,096 call sites is a program
/// of its own.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        row("mono", "one type", Mix::One, STEP),
        row("receiver", "one object, loop", Mix::One, RECEIVER),
        row("two", "80/20 of 2", TWO, STEP),
        row("eight", "80/20 of 8", EIGHT, STEP),
        row(
            "uniform-4",
            "uniform 4",
            Mix::Uniform { of: 4 },
            STEP_OF_FOUR,
        ),
        row(
            "uniform-8",
            "uniform 8",
            Mix::Uniform { of: 8 },
            STEP_OF_FOUR,
        ),
        Row {
            relearns: true,
            ..row("phases", "phase change", Mix::Phases { of: 8 }, STEP)
        },
        row(
            "cycle-6",
            "fixed cycle of 6",
            Mix::Cycle { of: 6 },
            STEP_OF_SIX,
        ),
        row(
            "runs",
            "runs of 64, of 8",
            Mix::Runs { of: 8, length: 64 },
            STEP,
        ),
        row("medium", "medium body, 80/20 of 2", TWO, MEDIUM),
        row("large", "large body, 80/20 of 2", TWO, LARGE),
        Row {
            boxed: true,
            ..row("mut", "`&mut self`, 80/20 of 2", TWO, STEP_MUT)
        },
        Row {
            sources: elsewhere,
            ..row(
                "elsewhere-mono",
                "objects from another crate, one type",
                Mix::One,
                STEP,
            )
        },
        Row {
            sources: elsewhere,
            ..row(
                "elsewhere-two",
                "objects from another crate, 80/20 of 2",
                TWO,
                STEP,
            )
        },
        Row {
            company: true,
            ..row("threads-mono", "2 threads, one type", Mix::One, STEP)
        },
        Row {
            company: true,
            ..row("threads-two", "2 threads, 80/20 of 2", TWO, STEP)
        },
        Row {
            sources: plugin,
            open: true,
            ..row("plugin", "80 % of a plugin's type", TWO, STEP)
        },
    ]
}

#[allow(clippy::unnecessary_wraps, reason = "as those from a plugin are made")]
fn elsewhere() -> Result<Sources, String> {
    Ok(Sources {
        objects: static_call_bench_elsewhere::objects(),
        devirt: static_call_bench_elsewhere::devirt_objects(),
        ..loops::here()
    })
}

/// The first type is the plugin's.
fn plugin() -> Result<Sources, String> {
    let mut sources = loops::here();
    let [first, ..] = &mut sources.objects;
    *first = static_call_benches::plugin::body()?;
    Ok(sources)
}
