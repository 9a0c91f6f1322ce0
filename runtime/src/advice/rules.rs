//! What is advised, from what is known. Numbers and names only.
//!
//! Where the numbers come from: one or two listed types, of which most calls are, gain in
//! programs, and a third makes them slower again (`benches/`, programs); a loop that is
//! compiled for its type beats all else, so that it comes before a list; and a call that
//! takes two thousandths of the time that goes by between calls has nothing to give.

use super::{AdviceKind, Suggestion, short};
use crate::site::LISTED_IN_SITE;

/// Types that are worth a place in a list: as many as have their guards in the arm.
const BEST: usize = LISTED_IN_SITE;
/// Of fewer calls nothing is said.
const ENOUGH: f32 = 48.0;
/// The share of the calls that makes a type worth its compare, and a list as a whole its
/// place.
const LEAST: f32 = 0.1;
const MOST: f32 = 0.5;
/// What the two most frequent types are less than, where types are said to be even. In
/// between, windows say now this and now that, and nothing is said.
const EVEN: f32 = 0.42;
/// A region around one call gains if what it lists is nearly all that comes.
const NEARLY_ALL: f32 = 0.9;
/// A type that fewer calls are on is called rare.
const RARE: f32 = 0.02;
/// A listed type is replaced for one that has this share.
const FREQUENT: f32 = 0.2;
/// Another order is advised where the frequent type is so many times as frequent.
const ORDER: f32 = 1.5;
/// Calls on one object in a row, from which on a loop is worth compiling for its type.
const ROW: f32 = 4.0;
/// As many types are named for a region: each is a copy of the loop.
const MOST_IN_REGION: usize = 8;
/// Comparisons with the call before, from which on something is said of rows.
const PAIRS: u32 = 40;
/// A plain call that takes less than one in so many parts of the time has nothing to give.
const PART: f32 = 500.0;
/// Windows, from which on it is believed that a type does not come, or that all come evenly.
const SOME: u32 = 2;
/// Windows in which nothing was called, from which on that is believed: they come at random,
/// and may all miss a site that is called in one phase of a program.
const EMPTY: u32 = 8;
/// A guard is not advised if it was measured to take more of a plain call than this.
const PAYS_BELOW: f32 = 1.05;
/// Above this it saves nothing that a program would notice, and a region, which needs no
/// switch, is advised instead.
const GAINS_BELOW: f32 = 0.95;
/// And one behind the arm is advised against.
const BEHIND_PAYS_BELOW: f32 = 0.97;
/// As many targets as a chain may have.
const MOST_TARGETS: usize = 8;

/// A type that was met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met<'a> {
    pub(crate) name: &'a str,
    pub(crate) share: f32,
    /// Whether it may be listed there: not a plugin's, nor one that has no name.
    pub(crate) own: bool,
    /// Whether a guard compares with it, or the chain.
    pub(crate) guarded: bool,
    pub(crate) chained: bool,
}

/// What is known of a call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// Most frequent first.
    pub(crate) met: Vec<Met<'a>>,
    /// Types of this object that were ever met, also where calls of late met others.
    pub(crate) known: Vec<&'a str>,
    /// Of how many calls.
    pub(crate) weight: f32,
    /// In the order of the list.
    pub(crate) listed: Vec<&'a str>,
    /// Windows that were opened.
    pub(crate) opened: u32,
    /// Whether any call was ever recorded.
    pub(crate) called: bool,
    /// Comparisons with the call before, and how many were on the same object.
    pub(crate) pairs: u32,
    pub(crate) again: u32,
    /// Nanoseconds between calls, if that was measured.
    pub(crate) every: Option<f32>,
    /// What was measured here, if anything was.
    pub(crate) costs: Option<Costs>,
    /// Where chains are what the site lives by: how many types one has room for.
    pub(crate) targets: Option<usize>,
}

/// What a plain call takes, in nanoseconds, and guards as multiples of that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    pub(crate) plain: f32,
    pub(crate) guard: Option<f32>,
    pub(crate) behind: Option<f32>,
}

/// A suggestion without its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: AdviceKind,
    pub(crate) types: Vec<String>,
    pub(crate) message: String,
}

impl Found {
    fn new<'a>(
        kind: AdviceKind,
        types: impl IntoIterator<Item = &'a str>,
        message: String,
    ) -> Self {
        Found {
            kind,
            types: types.into_iter().map(str::to_owned).collect(),
            message,
        }
    }

    /// At this place.
    pub(crate) fn at(self, location: &str, what: String, plugin: Option<u64>) -> Suggestion {
        Suggestion {
            location: location.to_owned(),
            what,
            plugin,
            kind: self.kind,
            types: self.types,
            message: self.message,
        }
    }
}

/// What is advised at a call site.
pub(crate) fn site(facts: &Facts<'_>) -> Vec<Found> {
    if !facts.called {
        return if facts.opened >= EMPTY {
            vec![remove()]
        } else {
            Vec::new()
        };
    }
    if facts.weight < ENOUGH {
        return Vec::new();
    }
    let is_on = facts.met.iter().any(|one| one.guarded || one.chained);
    if let Some(cold) = cold(facts).filter(|_| !is_on) {
        return vec![cold];
    }
    if let Some(row) = row(facts) {
        return vec![row];
    }
    let mut found = Vec::new();
    found.extend(targets(facts));
    let list = list(facts).or_else(|| unlist(facts));
    if list.is_none() && found.is_empty() {
        found.extend(mixed(facts));
    }
    found.extend(list);
    found
}

fn remove() -> Found {
    let message = "no window has met a call: if it is never called, remove it; if it is called \
                   seldom, write the plain call";
    Found::new(AdviceKind::Remove, [], message.to_owned())
}

/// A call that is made so seldom that it does not matter how.
fn cold(facts: &Facts<'_>) -> Option<Found> {
    let (every, costs) = (facts.every?, facts.costs?);
    if every < costs.plain * PART {
        return None;
    }
    let every = if every >= 1e6 {
        format!("{:.0} ms", every / 1e6)
    } else if every >= 1e3 {
        format!("{:.0} µs", every / 1e3)
    } else {
        format!("{every:.0} ns")
    };
    let message = format!(
        "is called once in {every} on average, of which a plain call takes {:.1} ns: leave this call \
         alone, written plainly",
        costs.plain
    );
    Some(Found::new(AdviceKind::LeaveAlone, [], message))
}

/// The types that a list or a region should name: of most calls, the most frequent first.
fn best<'a>(facts: &Facts<'a>) -> Vec<Met<'a>> {
    let own = facts
        .met
        .iter()
        .filter(|one| one.own && one.share >= LEAST)
        .copied();
    own.take(BEST).collect()
}

/// All types that a region in front of a loop should name: windows see a few objects of the
/// loop each, and whatever is not named is called plainly in all of its turns.
fn all<'a>(facts: &Facts<'a>) -> Vec<&'a str> {
    let of_late = facts.met.iter().filter(|one| one.own).map(|one| one.name);
    let mut all: Vec<&str> = Vec::new();
    for name in of_late.chain(facts.known.iter().copied()) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all.truncate(MOST_IN_REGION);
    all
}

fn sum(types: &[Met<'_>]) -> f32 {
    types.iter().map(|one| one.share).sum()
}

fn names(types: &[Met<'_>]) -> String {
    let names = types.iter().map(|one| short(one.name));
    names.collect::<Vec<_>>().join(", ")
}

fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The same object over and over: a loop that may know its type.
fn row(facts: &Facts<'_>) -> Option<Found> {
    if facts.pairs < PAIRS {
        return None;
    }
    let others = facts.pairs - facts.again;
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let row = facts.pairs as f32 / others.max(1) as f32;
    if row < ROW {
        return None;
    }
    let times = if others == 0 {
        "each time, as far as windows have seen".to_owned()
    } else {
        format!("about {row:.0} times in a row")
    };
    let types = all(facts);
    let own = facts.met.iter().filter(|one| one.own);
    let message = if own.map(|one| one.share).sum::<f32>() < MOST {
        format!(
            "the same object is called {times}: make the loop around it a provided method of \
             the trait, which is compiled for each type"
        )
    } else {
        let names: Vec<_> = types.iter().map(|name| short(name)).collect();
        format!(
            "the same object is called {times}: put `specialize!(…: [{}] in {{ … }})` around \
             the loop, with what else comes there, or make the loop a provided method of the trait",
            names.join(", ")
        )
    };
    Some(Found::new(AdviceKind::Specialize, types, message))
}

/// What guards took here, in words; [`None`] where they are not to be advised.
fn price(facts: &Facts<'_>) -> Option<String> {
    match facts.costs {
        None => Some(String::new()),
        Some(costs) => {
            let guard = costs.guard.filter(|guard| *guard <= PAYS_BELOW)?;
            Some(format!(
                "; a guard in front of a body of one multiplication took {guard:.2} of a plain \
                 call here"
            ))
        }
    }
}

/// Another list, or the first one.
fn list(facts: &Facts<'_>) -> Option<Found> {
    let types = best(facts);
    if types.is_empty() || sum(&types) < MOST {
        return None;
    }
    let price = price(facts)?;
    let place = |one: &Met<'_>| facts.listed.iter().position(|listed| *listed == one.name);
    let reason = if facts.listed.is_empty() {
        ""
    } else if types
        .iter()
        .any(|one| one.share >= FREQUENT && place(one).is_none_or(|at| at >= BEST))
    {
        " in place of what is listed"
    } else if let [first, second] = types[..]
        && place(&first) > place(&second)
        && place(&second).is_some()
        && first.share >= second.share * ORDER
    {
        " in this order"
    } else {
        return None;
    };
    let shares = types.iter().map(|one| percent(one.share));
    let shares = shares.collect::<Vec<_>>().join(" and ");
    let are = if types.len() == 1 {
        "it is"
    } else {
        "they are"
    };
    let guard = facts.costs.and_then(|costs| costs.guard);
    if guard.is_some_and(|guard| guard > GAINS_BELOW) {
        if !facts.listed.is_empty() || sum(&types) < NEARLY_ALL {
            return None;
        }
        let message = format!(
            "put `specialize!(…: [{}] in {{ … }})` around the call: {are} {shares} of the calls; a \
             list would hardly gain{price}",
            names(&types),
        );
        let types = types.iter().map(|one| one.name);
        return Some(Found::new(AdviceKind::Specialize, types, message));
    }
    let message = format!(
        "write `inline = [{}]`{reason}: {are} {shares} of the calls{price}",
        names(&types),
    );
    Some(Found::new(
        AdviceKind::List,
        types.iter().map(|one| one.name),
        message,
    ))
}

/// Listed types that are not met, or hardly, or that stand where guards do not pay.
fn unlist(facts: &Facts<'_>) -> Option<Found> {
    let share = |name: &str| {
        let met = facts.met.iter().filter(|one| one.name == name);
        met.map(|one| one.share).sum::<f32>()
    };
    // While a window is open nothing is shown to be met.
    if facts.met.is_empty() {
        return None;
    }
    let is_rare = |name: &&str| share(name) < RARE;
    let rare: Vec<&str> = facts.listed.iter().copied().filter(is_rare).collect();
    if !rare.is_empty() && facts.opened >= SOME {
        let shorts = rare.iter().map(|name| {
            let share = share(name);
            let how = if share == 0.0 {
                "never met here".to_owned()
            } else {
                format!("{:.1} % of the calls", share * 100.0)
            };
            format!("`{}`, {how}", short(name))
        });
        let shorts = shorts.collect::<Vec<_>>().join("; ");
        return Some(Found::new(
            AdviceKind::Unlist,
            rare.iter().copied(),
            format!("take off the list: {shorts}"),
        ));
    }
    let behind = facts.costs?.behind?;
    let late = facts.listed.get(BEST..)?;
    if late.is_empty() || behind <= BEHIND_PAYS_BELOW {
        return None;
    }
    let shorts = late.iter().map(|name| format!("`{}`", short(name)));
    let shorts = shorts.collect::<Vec<_>>().join(", ");
    let message = format!(
        "take off the list: {shorts}; behind the first {BEST} types a guard took {behind:.2} of a \
         plain call here, and its body makes the function larger"
    );
    Some(Found::new(
        AdviceKind::Unlist,
        late.iter().copied(),
        message,
    ))
}

/// More room in chains.
fn targets(facts: &Facts<'_>) -> Option<Found> {
    let room = facts.targets?;
    let waiting: Vec<_> = facts
        .met
        .iter()
        .filter(|one| !one.guarded && !one.chained && one.share >= LEAST)
        .collect();
    let chained = facts.met.iter().filter(|one| one.chained).count();
    // Where nothing is on, what there is room for has found no place either.
    let missing = if chained == 0 {
        waiting.len().saturating_sub(room)
    } else {
        waiting.len()
    };
    let wanted = (room + missing).min(MOST_TARGETS);
    if wanted <= room || (chained > 0 && chained < room) {
        return None;
    }
    let missed = &waiting[waiting.len() - missing..];
    let share: f32 = missed.iter().map(|one| one.share).sum();
    let message = format!(
        "raise the method's `targets` from {room} to {wanted}: its chains have no room for {} of \
         the calls",
        percent(share)
    );
    Some(Found::new(
        AdviceKind::RaiseTargets,
        missed.iter().map(|one| one.name),
        message,
    ))
}

/// Types that are too many and too even, and guards that do not pay.
fn mixed(facts: &Facts<'_>) -> Option<Found> {
    let guard = facts.costs.and_then(|costs| costs.guard);
    let leave = |why: String| {
        let message = format!("leave this call alone, written plainly: {why}");
        Some(Found::new(AdviceKind::LeaveAlone, [], message))
    };
    if let Some(guard) = guard
        && guard > PAYS_BELOW
    {
        return leave(format!("a guard took {guard:.2} of a plain call here"));
    }
    if facts.met.iter().any(|one| one.guarded || one.chained) {
        return None;
    }
    let most = sum(&facts.met[..facts.met.len().min(BEST)]);
    if facts.opened < SOME || facts.met.is_empty() || most >= EVEN {
        return None;
    }
    leave(format!(
        "its types are many and even, and the two most frequent are {} of the calls",
        percent(most)
    ))
}

/// What is advised at a region. Types with how many of their vtables were met.
pub(crate) fn region(types: &[(String, usize)], others: bool) -> Option<Found> {
    let never = types.iter().filter(|(_, vtables)| *vtables == 0);
    let never: Vec<_> = never.map(|(name, _)| &**name).collect();
    let quoted = || {
        let quoted = never.iter().map(|name| format!("`{name}`"));
        quoted.collect::<Vec<_>>().join(", ")
    };
    if never.is_empty() {
        None
    } else if never.len() < types.len() {
        let message = format!("take off the list: {}, never met here", quoted());
        Some(Found::new(
            AdviceKind::Unlist,
            never.iter().copied(),
            message,
        ))
    } else if others {
        let message = format!(
            "list the types that come here in place of {}, or leave the region out",
            quoted()
        );
        Some(Found::new(
            AdviceKind::Unlist,
            never.iter().copied(),
            message,
        ))
    } else {
        let message = "was never entered; if it never is, remove it".to_owned();
        Some(Found::new(AdviceKind::Remove, [], message))
    }
}
