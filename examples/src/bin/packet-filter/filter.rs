//! The hot part: which rule decides about a packet.
//!
//! It is written once, for both kinds of calls. With `R = dyn Rule` all calls are plain.
//! With `R = dyn FastRule` there are two ways to save them, each where it fits:
//!
//! | rules | asked | how |
//! |---|---|---|
//! | those before the first that counts | about 256 packets, one rule after the other | `specialize!`: the loop over the packets is compiled for each kind that is listed |
//! | the others | about one packet, one rule after the other | `dyn FastRule`: the bodies of the kinds that the trait lists are inlined at the call |

use static_call::runtime::{PluginBox, TraitObject};
use static_call::specialize;
use static_call_example_packets::{BATCH, FastRule, Length, Net, Packets, Ports, Rule, Tcp};

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
    /// Positions of packets in a batch that no rule has decided about yet.
    open: Vec<u8>,
}

impl<R: ?Sized + Calls> Filter<R> {
    pub(crate) fn new(conditions: &[Condition]) -> Self {
        let mut filter = Self {
            screen: Vec::new(),
            chain: Vec::new(),
            open: Vec::with_capacity(BATCH),
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
        self.open.clear();
        self.open.extend((0..=u8::MAX).take(count));
        for (number, rule) in (0..).zip(&mut self.screen) {
            let number = Verdict(number);
            if R::STATIC {
                specialize!(rule = &mut **rule: [Ports, Net, Tcp, Length] in {
                    screen(|at| rule.matches(packets, at), number, count, verdicts, &mut self.open);
                });
            } else {
                screen(
                    |at| rule.matches(packets, at),
                    number,
                    count,
                    verdicts,
                    &mut self.open,
                );
            }
        }
        for &at in &self.open {
            for (number, rule) in &mut self.chain {
                if rule.matches(packets, at) {
                    verdicts[usize::from(at)] = *number;
                    break;
                }
            }
        }
    }
}

/// Asks one rule about the open packets of `count`, and leaves open what it does not fit.
#[inline(always)]
fn screen(
    mut matches: impl FnMut(u8) -> bool,
    number: Verdict,
    count: usize,
    verdicts: &mut [Verdict; BATCH],
    open: &mut Vec<u8>,
) {
    let (mut fits, mut any) = ([false; BATCH], false);
    // As long as few are decided about, asking about all is quicker than picking.
    if open.len() * 4 >= count * 3 {
        for (at, fits) in fits.iter_mut().enumerate().take(count) {
            #[expect(clippy::cast_possible_truncation, reason = "a batch has 256 packets")]
            let at = at as u8;
            *fits = matches(at);
            any |= *fits;
        }
    } else {
        for &at in &*open {
            let fits = &mut fits[usize::from(at)];
            *fits = matches(at);
            any |= *fits;
        }
    }
    // Most rules fit nothing.
    if any {
        open.retain(|&at| {
            let fits = fits[usize::from(at)];
            if fits {
                verdicts[usize::from(at)] = number;
            }
            !fits
        });
    }
}
