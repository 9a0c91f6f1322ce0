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
use static_call_example_packets::{FastRule, Length, Net, Packet, Ports, Rule, Tcp};

use crate::rules::Condition;

/// Packets that are decided about together; few enough for the first cache.
pub(crate) const BATCH: usize = 256;

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
    open: Vec<u16>,
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

    /// Decides about at most [`BATCH`] packets.
    pub(crate) fn decide(&mut self, packets: &[Packet], verdicts: &mut Vec<Verdict>) {
        verdicts.clear();
        verdicts.resize(packets.len(), Verdict::DEFAULT);
        self.open.clear();
        self.open.extend((0..).zip(packets).map(|(at, _)| at));
        for (number, rule) in (0..).zip(&mut self.screen) {
            if R::STATIC {
                specialize!(rule = &mut **rule: [Ports, Net, Tcp, Length] in {
                    screen(|packet| rule.matches(packet), Verdict(number), packets, verdicts, &mut self.open);
                });
            } else {
                screen(
                    |packet| rule.matches(packet),
                    Verdict(number),
                    packets,
                    verdicts,
                    &mut self.open,
                );
            }
        }
        for &at in &self.open {
            let packet = &packets[usize::from(at)];
            for (number, rule) in &mut self.chain {
                if rule.matches(packet) {
                    verdicts[usize::from(at)] = *number;
                    break;
                }
            }
        }
    }
}

/// Asks one rule about the open packets, and leaves open what it does not fit.
#[inline(always)]
fn screen(
    mut matches: impl FnMut(&Packet) -> bool,
    number: Verdict,
    packets: &[Packet],
    verdicts: &mut [Verdict],
    open: &mut Vec<u16>,
) {
    open.retain(|&at| {
        let at = usize::from(at);
        let fits = matches(&packets[at]);
        if fits {
            verdicts[at] = number;
        }
        !fits
    });
}
