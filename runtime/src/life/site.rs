//! What the machine knows of one site.

use super::stint::{Met, Stint};
use super::{Evidence, MS, Offer, Ps};
use crate::window::Block;

/// What a site is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// There is none.
    Gone,
    /// Its key is a NOP.
    Off,
    /// A window is open; full, it waits for others.
    Open { full: bool },
    /// Plain in its arm, until others leave as well.
    Leaving,
    /// Its key is being made a NOP.
    Closing,
    /// By its plan.
    On,
}

pub(super) struct Site {
    pub(super) state: State,
    pub(super) page: u32,
    pub(super) evidence: Evidence,
    /// There is a window that no pass has read.
    pub(super) unread: bool,
    /// Good windows in a row.
    pub(super) good: u8,
    /// Its plan was measured and is given: no windows, and no other plan.
    pub(super) given: bool,
    /// It goes by its offer at the next pass, whatever the purse holds.
    pub(super) at_once: bool,
    pub(super) offer: Option<Offer>,
    /// Time between calls, as last seen.
    pub(super) every: Option<Ps>,
    /// The program's own time in windows, none of which it has filled, and its calls in these.
    pub(super) watched: Ps,
    pub(super) called: i64,
    /// The least time between calls that a window has seen: in the phase in which it is called.
    pub(super) quickest: Option<Ps>,
    /// The longest window that has seen no call.
    pub(super) empty: Ps,
    /// No window before; nothing on before.
    pub(super) due: Ps,
    pub(super) on_due: Ps,
    /// Between windows; after a storm.
    pub(super) pause: Ps,
    pub(super) hold: Ps,
    /// What it has gained by plan, as far as is known, less what was spent on windows since:
    /// while there is some, every good window counts, and windows are often.
    pub(super) earned: Ps,
    /// The share that the plan knew in the last window.
    pub(super) alone: f64,
    /// The open window as it was opened, and what was paid for its calls.
    pub(super) window: Block,
    pub(super) paid: Ps,
    pub(super) stint: Stint,
    pub(super) met: Met,
}

/// Between windows while the news is good, at first and at least.
pub(super) const SOON: Ps = 20 * MS;

/// Time in windows after which that between calls is believed.
pub(super) const BELIEVED: Ps = 50 * MS;

/// In place of that time, where a window was filled: a call that comes often in one phase of a
/// program is not seldom because of another phase.
pub(super) const HOT_ONCE: Ps = Ps::MIN / 2;

impl Site {
    pub(super) fn new(page: u32) -> Self {
        Site {
            state: State::Off,
            page,
            evidence: Evidence::default(),
            unread: false,
            good: 0,
            given: false,
            at_once: false,
            offer: None,
            every: None,
            watched: 0,
            called: 0,
            quickest: None,
            empty: 0,
            due: 0,
            on_due: 0,
            pause: SOON,
            hold: SOON,
            earned: 0,
            alone: 0.0,
            window: Block::PLAIN,
            paid: 0,
            stint: Stint::default(),
            met: Met::default(),
        }
    }
}
