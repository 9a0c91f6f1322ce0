//! The hot part: which rule decides about a packet.
//!
//! It is written once, for both kinds of calls. With `R = dyn Rule` all calls are plain.
//! With `R = dyn FastRule` there are two ways to save them, each where it fits:
//!
//! | rules | asked | how |
//! |---|---|---|
//! | those before the first that counts | about 256 packets, one rule after the other | `specialize!`: the loop over the packets is compiled for each kind that is listed |
//! | the others | about one packet, one rule after the other | `dyn FastRule`: the bodies of the kinds that the trait lists are inlined at the call, once the runtime finds that it pays; the report says so |

use static_call::runtime::{PluginBox, TraitObject};
use static_call::specialize;
use static_call_example_packets::{
    BATCH, FastRule, Fragment, Length, Lifetime, Net, Packets, Ports, Protocol, Rule, Tcp, Vlan,
};

use crate::rules::Condition;

/// Which rule has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict(pub(crate) u16);

impl Verdict {
    /// No rule fitted.
    pub(crate) const DEFAULT: Self = Self(u16::MAX);
}

/// The objects whose methods are called, and how.
pub(crate) trait Calls: Rule + TraitObject + 'static {
    const STATIC: bool;
    /// The plugin's name for its rule, as such an object.
    const SCAN: &'static str;
    fn boxed(rule: impl Rule + 'static) -> Box<Self>;
}

impl Calls for dyn Rule {
    const STATIC: bool = false;
    const SCAN: &'static str = "scan";

    fn boxed(rule: impl Rule + 'static) -> Box<Self> {
        Box::new(rule)
    }
}

impl Calls for dyn FastRule {
    const STATIC: bool = true;
    const SCAN: &'static str = "fast scan";

    fn boxed(rule: impl Rule + 'static) -> Box<Self> {
        Box::new(rule)
    }
}

/// All rules, with what they have counted so far.
pub(crate) struct Filter<R: ?Sized> {
    /// Rules that keep no state, up to the first that does. Their numbers are their places.
    screen: Vec<Box<dyn Rule>>,
    /// The others.
    chain: Vec<(Verdict, PluginBox<R>)>,
    open: Open,
}

impl<R: ?Sized + Calls> Filter<R> {
    pub(crate) fn new(conditions: &[Condition]) -> Self {
        let mut filter = Self {
            screen: Vec::new(),
            chain: Vec::new(),
            open: Open::default(),
        };
        for (number, condition) in (0..).zip(conditions) {
            let rule = condition.object::<dyn Rule>();
            if filter.chain.is_empty() && rule.stateless() {
                filter.screen.push(rule);
            } else {
                let rule = condition.object::<R>().into();
                filter.chain.push((Verdict(number), rule));
            }
        }
        filter
    }

    /// Puts a plugin's rule in front of the first that counts.
    pub(crate) fn add(&mut self, number: Verdict, rule: PluginBox<R>) {
        self.chain.insert(0, (number, rule));
    }

    /// Decides about the first `count` packets.
    pub(crate) fn decide(
        &mut self,
        packets: &Packets,
        count: usize,
        verdicts: &mut [Verdict; BATCH],
    ) {
        *verdicts = [Verdict::DEFAULT; BATCH];
        self.open.all(count);
        for (number, rule) in (0..).zip(&mut self.screen) {
            let number = Verdict(number);
            if R::STATIC {
                specialize!(rule = &mut **rule: [Ports, Net, Tcp, Length, Lifetime, Protocol, Vlan, Fragment] in {
                    screen(|at| rule.matches(packets, at), number, verdicts, &mut self.open);
                });
            } else {
                screen(
                    |at| rule.matches(packets, at),
                    number,
                    verdicts,
                    &mut self.open,
                );
            }
        }
        self.open.pick(verdicts);
        for &at in &self.open.picked {
            for (number, rule) in &mut self.chain {
                if rule.matches(packets, at) {
                    verdicts[usize::from(at)] = *number;
                    break;
                }
            }
        }
    }

    /// Comes to the same verdicts as many a filter does: packet by packet, and rule by rule.
    pub(crate) fn decide_one_by_one(
        &mut self,
        packets: &Packets,
        count: usize,
        verdicts: &mut [Verdict; BATCH],
    ) {
        for (at, verdict) in verdicts.iter_mut().enumerate().take(count) {
            let at = place(at);
            *verdict = Verdict::DEFAULT;
            for (number, rule) in (0..).zip(&mut self.screen) {
                if rule.matches(packets, at) {
                    *verdict = Verdict(number);
                    break;
                }
            }
            if *verdict != Verdict::DEFAULT {
                continue;
            }
            for (number, rule) in &mut self.chain {
                if rule.matches(packets, at) {
                    *verdict = *number;
                    break;
                }
            }
        }
    }
}

/// The packets of a batch that no rule has decided about yet.
#[derive(Default)]
struct Open {
    /// How many packets the batch has.
    count: usize,
    /// How many of them are open.
    left: usize,
    /// Their places, once they are picked.
    picked: Vec<u8>,
    is_picked: bool,
}

impl Open {
    fn all(&mut self, count: usize) {
        self.count = count.min(BATCH);
        self.left = self.count;
        self.is_picked = false;
    }

    /// Lists the places of those that are left.
    fn pick(&mut self, verdicts: &[Verdict; BATCH]) {
        if !self.is_picked {
            let places = verdicts.iter().enumerate().take(self.count);
            let open = places.filter(|(_, verdict)| **verdict == Verdict::DEFAULT);
            self.picked.clear();
            self.picked.extend(open.map(|(at, _)| place(at)));
            self.is_picked = true;
        }
    }
}

/// Asks one rule about the open packets.
#[inline(always)]
fn screen(
    mut matches: impl FnMut(u8) -> bool,
    number: Verdict,
    verdicts: &mut [Verdict; BATCH],
    open: &mut Open,
) {
    let (mut fits, mut any) = ([false; BATCH], false);
    if open.is_picked {
        for &at in &open.picked {
            let fits = &mut fits[usize::from(at)];
            *fits = matches(at);
            any |= *fits;
        }
        // Most rules fit nothing.
        if any {
            open.picked.retain(|&at| {
                let fits = fits[usize::from(at)];
                if fits {
                    verdicts[usize::from(at)] = number;
                }
                !fits
            });
        }
        return;
    }
    for (at, fits) in fits.iter_mut().enumerate().take(open.count) {
        *fits = matches(place(at));
        any |= *fits;
    }
    if any {
        let mut count = 0_u16;
        for (verdict, fits) in verdicts.iter_mut().zip(&fits) {
            #[expect(
                clippy::needless_bitwise_bool,
                reason = "a branch that nobody can foresee costs more than a comparison"
            )]
            let decides = *fits & (*verdict == Verdict::DEFAULT);
            *verdict = if decides { number } else { *verdict };
            count += u16::from(decides);
        }
        // As long as many are open, asking about all is quicker than picking.
        open.left -= usize::from(count);
        if open.left * 2 < open.count {
            open.pick(verdicts);
        }
    }
}

/// A place in a batch.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a batch has 256 packets")]
fn place(at: usize) -> u8 {
    at as u8
}
