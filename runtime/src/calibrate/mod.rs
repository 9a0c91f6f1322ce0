//! Whether guards and chains pay on this processor and in this build.
//!
//! A predicted indirect call costs next to nothing on most processors, and compares in
//! front of a direct call then cost more than they save; wherever indirect calls go through
//! retpolines, they win. `benches/` shows both. So before a site is switched on in
//! [`Mode::Auto`](crate::config::Mode), guards and chains are measured once here against
//! the plain call: a millisecond or two, in alternation, in several copies, since where
//! code happens to lie moves such a figure by a fifth. A build with retpolines needs no
//! flag to be recognised: its plain calls take several times as long, so that all ratios
//! fall.
//!
//! The figures are of a tight loop, where nothing else competes for the predictor: they may
//! say no, and do not say yes by themselves. What does is said in `plan::auto`.

mod measure;
mod probe;

pub(crate) use measure::measure;

#[cfg(test)]
mod tests;
