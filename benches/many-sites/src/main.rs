//! 4,096 call sites of every contender, each of which meets one type: what thousands
//! of guards, switches, trampolines and plain calls cost when none of them is in the
//! caches for long. One row of `static-call-benches`, which runs this program.

mod loops;

use clap::Parser;
use static_call::runtime::Mode;
use static_call_benches::columns::Column;
use static_call_benches::order::Mix;
use static_call_benches::serve::{Row, serve};

/// Measures one row for `static-call-benches`.
#[derive(Parser)]
struct Arguments {
    /// The row's name.
    #[arg(long)]
    serve: String,
    /// The mode that the runtime is to be in.
    #[arg(long)]
    mode: Mode,
    /// The columns.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<Column>,
}

fn main() -> Result<(), String> {
    let arguments = Arguments::parse();
    let row = Row {
        id: "sites",
        label: "",
        // A site meets the same type in every round.
        mix: Mix::Fixed,
        family: loops::FAMILY,
        sources: || Ok(loops::here()),
        boxed: false,
        company: false,
        relearns: false,
        open: false,
    };
    if arguments.serve != row.id {
        return Err(format!("there is no row `{}`", arguments.serve));
    }
    serve(&row, arguments.mode, &arguments.columns)
}
