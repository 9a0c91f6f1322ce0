//! Three copies of the same state, rendered in alternation.
//!
//! One makes plain calls, one static calls, and one plain calls again: what the
//! last differs by is what the measurement cannot tell apart.

use std::time::Instant;

use static_call::runtime::PluginBox;
use static_call_example_dsp::{Effect, Voice};

use crate::cli::Calls;
use crate::engine::Engine;
use crate::error::Error;
use crate::source::Format;
use crate::timing::BlockTimes;

pub(crate) struct Copies {
    states: [Rendering; 3],
    blocks: usize,
    /// The first sample that was not the same everywhere.
    pub(crate) first_difference: Option<u64>,
    samples: u64,
}

struct Rendering {
    engine: Engine,
    output: Vec<f32>,
    nanoseconds: f64,
}

/// Positions in [`Copies::states`].
const PLAIN: usize = 0;
const CONTROL: usize = 1;
const STATIC: usize = 2;

/// Every order once, so that none always runs on the caches of another.
const ORDERS: [[usize; 3]; 6] = [
    [PLAIN, STATIC, CONTROL],
    [STATIC, CONTROL, PLAIN],
    [CONTROL, PLAIN, STATIC],
    [STATIC, PLAIN, CONTROL],
    [PLAIN, CONTROL, STATIC],
    [CONTROL, STATIC, PLAIN],
];

impl Copies {
    pub(crate) fn new(format: Format) -> Self {
        let rendering = || Rendering {
            engine: Engine::new(format),
            output: Vec::new(),
            nanoseconds: 0.0,
        };
        Self {
            states: [rendering(), rendering(), rendering()],
            blocks: 0,
            first_difference: None,
            samples: 0,
        }
    }

    /// Starts one voice in every copy; `voice` is asked for each of them.
    pub(crate) fn start(
        &mut self,
        gains: &[f32],
        voice: impl Fn() -> Result<Option<PluginBox<dyn Voice>>, Error>,
    ) -> Result<(), Error> {
        for copy in &mut self.states {
            if let Some(voice) = voice()? {
                copy.engine.start(voice, gains.to_vec());
            }
        }
        Ok(())
    }

    /// Appends effects to the chains of every copy.
    pub(crate) fn extend_chains(
        &mut self,
        effects: impl Fn() -> Result<Vec<PluginBox<dyn Effect>>, Error>,
    ) -> Result<(), Error> {
        for copy in &mut self.states {
            copy.engine.extend_chains(effects()?);
        }
        Ok(())
    }

    /// Renders one block three times and compares the results bit for bit.
    pub(crate) fn render(&mut self, input: &[f32]) -> BlockTimes {
        for which in ORDERS[self.blocks % ORDERS.len()] {
            let copy = &mut self.states[which];
            copy.output.resize(input.len(), 0.0);
            let start = Instant::now();
            if which == STATIC {
                copy.engine.render::<true>(input, &mut copy.output);
            } else {
                copy.engine.render::<false>(input, &mut copy.output);
            }
            copy.nanoseconds = start.elapsed().as_secs_f64() * 1e9;
        }
        self.blocks += 1;
        self.compare();
        self.samples += input.len() as u64;
        self.times(input.len())
    }

    /// The last block, made with `calls`.
    pub(crate) fn output(&self, calls: Calls) -> &[f32] {
        match calls {
            Calls::Plain => &self.states[PLAIN].output,
            Calls::Static => &self.states[STATIC].output,
        }
    }

    /// Any of the engines; what they show must not differ.
    pub(crate) fn engine(&self) -> &Engine {
        &self.states[STATIC].engine
    }

    /// Whether the meters of all copies show the same.
    pub(crate) fn meters_agree(&self) -> bool {
        let [plain, rest @ ..] = &self.states;
        let bits = |copy: &Rendering| -> Vec<u32> {
            copy.engine
                .levels()
                .map(|(_, _, level)| level.to_bits())
                .collect()
        };
        rest.iter().all(|copy| bits(copy) == bits(plain))
    }

    fn compare(&mut self) {
        let [plain, rest @ ..] = &self.states;
        for copy in rest {
            let mut pairs = plain.output.iter().zip(&copy.output);
            let difference = pairs.position(|(a, b)| a.to_bits() != b.to_bits());
            if let Some(position) = difference {
                let position = self.samples + position as u64;
                self.first_difference = Some(self.first_difference.unwrap_or(position));
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a block is far shorter than 2^52"
    )]
    fn times(&self, samples: usize) -> BlockTimes {
        let each = |which: usize| self.states[which].nanoseconds / samples as f64;
        BlockTimes {
            plain: each(PLAIN),
            control: each(CONTROL),
            fixed: each(STATIC),
        }
    }
}
