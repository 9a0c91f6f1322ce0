//! What calls touch of a site, as numbers, and what becomes of it without asking anybody.
//!
//! Two words of a site. Calls read the way, and count `left` down by one atomic step
//! where the way says so; exactly one of them takes it from 1 to 0, see [`Taken`]. That
//! one, if it finds the site's own try-lock free, puts [`Block::next`] in its place; if
//! there is no next, it asks [`Life::emptied`](crate::life::Life::emptied); and if anything
//! that it needs is taken, [`Block::retry`]. All of them are pure.
#![allow(
    clippy::cast_possible_truncation,
    reason = "words are taken apart, and what is left of a gap fits"
)]

/// Recorded calls in a row.
pub(crate) const BURST: i32 = 8;
/// Bursts in a long window, between which there are gaps.
pub(crate) const BURSTS: u8 = 16;
/// Most calls in all gaps of a window together.
pub(crate) const GAPS: u16 = 16_384;
/// Calls after which a thread that found a lock taken, or may not patch, tries again.
pub(crate) const RETRY: i32 = 64;
/// Most calls that a site spends in its arm waiting for others, to share a flip.
pub(crate) const GRACE: i32 = 1_024;
/// And after a short look, which many sites have at once: all of it is paid ahead.
pub(crate) const GRACE_OF_LOOKS: i32 = 64;
/// Misses that are paid at once.
pub(crate) const LEASE: i32 = 64;
/// More than are made while a batch of keys is flipped.
pub(crate) const NO_END: i32 = i32::MAX / 2;

/// What the arm does with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Way {
    /// The plain call. The key is a NOP, or about to be one.
    Plain = 0,
    /// The plain call, counted.
    Gap = 1,
    /// The plain call, counted and recorded.
    Burst = 2,
    /// The plan: guards, chain or both. Misses count, hits touch nothing.
    On = 3,
}

impl From<u8> for Way {
    fn from(number: u8) -> Self {
        match number {
            1 => Way::Gap,
            2 => Way::Burst,
            3 => Way::On,
            _ => Way::Plain,
        }
    }
}

/// The rest of a window that calls go through by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Script {
    /// Bursts to come, the present one included.
    pub(crate) bursts: u8,
    /// Calls that gaps to come may take.
    pub(crate) gaps: u16,
    /// Of the gaps' lengths.
    pub(crate) seed: u16,
    /// How often the count was renewed by [`Block::retry`].
    pub(crate) extra: u16,
}

/// What calls touch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    pub(crate) way: Way,
    /// Calls of the kind that counts until somebody has to act. Below zero: so many were
    /// made before anybody did.
    pub(crate) left: i32,
    pub(crate) script: Script,
}

/// What a call learns by counting itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// There are more.
    Within,
    /// It was the last one: this call acts.
    Last,
    /// Another call is about to act. This one is plain; it is counted, and paid by who
    /// acts.
    Over,
}

impl Taken {
    /// From what stood there before this call took one.
    pub(crate) fn of(before: i32) -> Taken {
        match before {
            2.. => Taken::Within,
            1 => Taken::Last,
            _ => Taken::Over,
        }
    }
}

impl Script {
    pub(crate) const NONE: Script = Script {
        bursts: 0,
        gaps: 0,
        seed: 0,
        extra: 0,
    };

    /// As one word.
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.bursts)
            | u64::from(self.gaps) << 16
            | u64::from(self.seed) << 32
            | u64::from(self.extra) << 48
    }

    /// What was packed.
    pub(crate) fn unpack(word: u64) -> Script {
        Script {
            bursts: word as u8,
            gaps: (word >> 16) as u16,
            seed: (word >> 32) as u16,
            extra: (word >> 48) as u16,
        }
    }
}

impl Block {
    pub(crate) const PLAIN: Block = Block::simple(Way::Plain, 0);

    pub(crate) const fn simple(way: Way, left: i32) -> Block {
        Block {
            way,
            left,
            script: Script::NONE,
        }
    }

    /// A window of so many bursts, with gaps that are not longer together.
    pub(crate) fn window(bursts: u8, gaps: u16, seed: u16) -> Block {
        Block {
            way: Way::Burst,
            left: BURST,
            script: Script {
                bursts,
                gaps,
                seed,
                extra: 0,
            },
        }
    }

    /// What follows when the count is used up; [`None`] if that is not for calls to say.
    ///
    /// Gaps of all sizes: as many short as long ones, on a scale of powers, so that
    /// neither a long period nor a short one is always met at the same place.
    pub(crate) fn next(self) -> Option<Block> {
        let mut script = self.script;
        let burst = |script| Block {
            way: Way::Burst,
            left: BURST,
            script,
        };
        match self.way {
            Way::Burst if script.bursts > 1 => {
                script.bursts -= 1;
                script.seed = throw(script.seed);
                // 2 to the power of 0 to 13, and linear in between.
                let power = script.seed % 13;
                let gap = (1_u32 << power) + ((u32::from(script.seed) << power) >> 16);
                let gap = gap.min(u32::from(script.gaps)) as u16;
                script.gaps -= gap;
                if gap == 0 {
                    return Some(burst(script));
                }
                Some(Block {
                    way: Way::Gap,
                    left: gap.into(),
                    script,
                })
            }
            Way::Gap if script.bursts > 0 => Some(burst(script)),
            _ => None,
        }
    }

    /// Where a lock is taken, or this thread may not do what is to be done: plain calls,
    /// counted, and another try after some of them.
    pub(crate) fn retry(self) -> Block {
        let mut script = self.script;
        script.extra = script.extra.saturating_add(1);
        if self.way == Way::Burst {
            // A window without gaps is one burst of any length, and has none to come.
            script.bursts = script.bursts.saturating_sub(1);
        }
        Block {
            way: Way::Gap,
            left: RETRY,
            script,
        }
    }

    /// Whether this window is a short look.
    pub(crate) fn is_look(self) -> bool {
        self.script.bursts <= 1
    }

    /// How many calls wait for others once this window is full.
    pub(crate) fn grace(self) -> i32 {
        if self.is_look() {
            GRACE_OF_LOOKS
        } else {
            GRACE
        }
    }

    /// Calls recorded, and calls counted without that, since it was `opened`; a window that
    /// is `full` had its [`grace`](Self::grace) more.
    pub(crate) fn since(self, opened: Block, full: bool) -> (i64, i64) {
        let bursts = i64::from(opened.script.bursts) - i64::from(self.script.bursts);
        let recorded = bursts * i64::from(BURST);
        let granted = i64::from(opened.script.gaps) - i64::from(self.script.gaps)
            + i64::from(self.script.extra) * i64::from(RETRY)
            + if full { i64::from(opened.grace()) } else { 0 };
        let left = i64::from(self.left);
        match self.way {
            Way::Burst => (recorded + i64::from(BURST) - left, granted),
            _ => (recorded, granted - left),
        }
    }
}

/// The next of a sequence of numbers that takes all values but 0.
fn throw(mut seed: u16) -> u16 {
    seed ^= seed << 7;
    seed ^= seed >> 9;
    seed ^ (seed << 8)
}

#[cfg(test)]
mod tests;
