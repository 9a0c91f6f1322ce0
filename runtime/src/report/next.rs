//! What to do now: the report's last line.

use super::{FIRST_TO_COME, SiteReport, State};
use crate::config::Mode;
use crate::words::count;

/// What that depends on.
pub(super) struct Scene<'a> {
    pub(super) mode: Mode,
    pub(super) passes: u64,
    pub(super) workers: u32,
    /// Whether there was such a thread, and was stopped.
    pub(super) stopped: bool,
    pub(super) sites: &'a [SiteReport],
    /// Sites with an open window, or a full one, that were called.
    pub(super) open: usize,
    pub(super) bindings: usize,
    /// Those whose calls are led there by the next pass.
    pub(super) waiting: usize,
    pub(super) advice: usize,
}

/// A thread that did no more passes was stopped by mistake, and what was not called between them
/// may yet be.
pub(super) const FEW: u64 = 3;

impl Scene<'_> {
    pub(super) fn sentence(&self) -> String {
        if self.mode == Mode::Off {
            return "all calls are plain, since the mode is `off`".to_owned();
        }
        if self.sites.is_empty() && self.bindings == 0 {
            return "nothing: there is no call site and no binding, and regions need no runtime"
                .to_owned();
        }
        if self.workers == 0 && self.stopped && self.passes < FEW {
            return "keep what `runtime::retarget_every` returns, `let _worker = …`: its thread \
                    stops when that is dropped, and has done so"
                .to_owned();
        }
        if self.passes == 0 && self.sites.is_empty() {
            return "call `runtime::retarget()?` once, at the start of `main`: until then calls of \
                    bindings load what is bound"
                .to_owned();
        }
        if self.passes == 0 {
            return "start the runtime, `let _worker = \
                    runtime::retarget_every(Duration::from_millis(100))?;` at the start of \
                    `main`: until then every call is plain"
                .to_owned();
        }
        let open = self.open;
        let coming = |one: &&SiteReport| one.why == FIRST_TO_COME;
        let coming = self.sites.iter().filter(coming).count();
        if self.workers == 0 && open > 0 {
            return format!(
                "{} for `retarget()`: call it again, or have `runtime::retarget_every` do so",
                count(open, "window waits", "windows wait")
            );
        }
        if self.workers == 0 && coming > 0 {
            return format!(
                "{} for a first window: call `retarget()` now and then, or have \
                 `runtime::retarget_every` do so",
                count(coming, "site waits", "sites wait")
            );
        }
        if self.workers == 0 && self.waiting > 0 {
            return format!(
                "call `retarget()` again: {} for it",
                count(self.waiting, "binding waits", "bindings wait")
            );
        }
        if self.advice > 0 {
            return format!(
                "follow the advice: {} to gain, or to save",
                count(self.advice, "place has something", "places have something")
            );
        }
        if open + coming > 0 {
            return format!(
                "look here again in some seconds: {} still looked at",
                count(open + coming, "site is", "sites are")
            );
        }
        let plain = |one: &&SiteReport| one.state == State::Plain;
        let plain = self.sites.iter().filter(plain).count();
        if plain > 0 {
            return format!(
                "nothing by itself: {} plain. A loop over one object gains by `specialize!`, and \
                 one whose order of objects repeats by being turned inside out",
                count(plain, "site stays", "sites stay")
            );
        }
        "nothing: what there is to gain here is gained".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode::{Auto, Off};

    fn row(state: State, why: &str) -> SiteReport {
        SiteReport {
            location: "src/main.rs:1:1".to_owned(),
            trait_name: None,
            method: "run".to_owned(),
            plugin: None,
            state,
            why: why.to_owned(),
            backend: "patching",
            targets: Vec::new(),
            trampolines: 1,
            windows: 0,
            misses: 0,
            retargets: 0,
        }
    }

    #[test]
    fn each_state_of_things_has_its_sentence() {
        let learns = [
            row(State::Learning, "window open"),
            row(State::Learning, "window open"),
        ];
        let comes = [row(State::Idle, FIRST_TO_COME)];
        let rests = [row(State::Plain, "")];
        let gains = [row(State::Inlined, "")];
        let says = |mode, passes, workers, sites: &[SiteReport], advice| {
            let scene = Scene {
                mode,
                passes,
                workers,
                stopped: false,
                sites,
                open: sites
                    .iter()
                    .filter(|one| one.state == State::Learning)
                    .count(),
                bindings: 0,
                waiting: 0,
                advice,
            };
            scene.sentence()
        };
        let expected = [
            (says(Off, 0, 0, &rests, 0), "the mode is `off`"),
            (says(Auto, 0, 0, &[], 0), "there is no call site"),
            (says(Auto, 0, 0, &rests, 0), "start the runtime"),
            (
                says(Auto, 1, 0, &learns, 1),
                "2 windows wait for `retarget()`",
            ),
            (says(Auto, 1, 0, &learns[..1], 1), "1 window waits for"),
            (
                says(Auto, 1, 0, &comes, 0),
                "1 site waits for a first window",
            ),
            (
                says(Auto, 9, 1, &learns, 1),
                "follow the advice: 1 place has",
            ),
            (says(Auto, 9, 1, &learns, 0), "2 sites are still looked at"),
            (says(Auto, 9, 1, &rests, 0), "1 site stays plain"),
            (says(Auto, 9, 1, &gains, 0), "is gained"),
        ];
        for (said, words) in expected {
            assert!(said.contains(words), "{said}");
        }
        let dropped = |passes| Scene {
            mode: Auto,
            passes,
            workers: 0,
            stopped: true,
            sites: &comes,
            open: 0,
            bindings: 0,
            waiting: 0,
            advice: 0,
        };
        let of_bindings = |passes, waiting| Scene {
            mode: Auto,
            passes,
            workers: 0,
            stopped: false,
            sites: &[],
            open: 0,
            bindings: 2,
            waiting,
            advice: 0,
        };
        let of_bindings = |passes, waiting| of_bindings(passes, waiting).sentence();
        assert!(of_bindings(0, 2).starts_with("call `runtime::retarget()?` once"));
        assert!(of_bindings(1, 1).contains("1 binding waits"));
        assert!(of_bindings(1, 0).starts_with("nothing"));
        assert!(dropped(0).sentence().starts_with("keep what"));
        assert!(dropped(1).sentence().starts_with("keep what"));
        assert!(dropped(40).sentence().starts_with("1 site waits"));
    }
}
