//! Signal stages with state of their own.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 2] = [
    Program::new(
        "stages",
        "six stages of four types with state, called for each sample",
        |size| Ok(Box::new(Chain::new(size, by_sample))),
    ),
    Program::new(
        "stages-by-block",
        "the same stages, each called for the 64 samples of a block in a loop",
        |size| Ok(Box::new(Chain::new(size, by_block))),
    )
    .with_regions(),
];

const BLOCK: usize = 64;

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Stage {
        fn process(&mut self, sample: f32) -> f32;
    }
}

struct Gain {
    now: f32,
    wanted: f32,
}

impl Stage for Gain {
    fn process(&mut self, sample: f32) -> f32 {
        self.now += (self.wanted - self.now) * 0.001;
        sample * self.now
    }
}

struct LowPass {
    last: f32,
    share: f32,
}

impl Stage for LowPass {
    fn process(&mut self, sample: f32) -> f32 {
        self.last += (sample - self.last) * self.share;
        self.last
    }
}

struct Delay {
    buffer: [f32; 256],
    at: usize,
}

impl Stage for Delay {
    fn process(&mut self, sample: f32) -> f32 {
        let old = self.buffer[self.at];
        self.buffer[self.at] = sample + old * 0.3;
        self.at = (self.at + 1) % 256;
        sample + old * 0.5
    }
}

struct Limiter {
    envelope: f32,
}

impl Stage for Limiter {
    fn process(&mut self, sample: f32) -> f32 {
        self.envelope = (self.envelope * 0.999).max(sample.abs());
        if self.envelope > 1.0 {
            sample / self.envelope
        } else {
            sample
        }
    }
}

type Stages = [Box<dyn Stage>];
type Samples = [f32; BLOCK];

#[inline(never)]
fn by_sample(stages: &mut Stages, block: &mut Samples) {
    mark!();
    for sample in block {
        for stage in &mut *stages {
            *sample = call!(stage.process(*sample), inline = [LowPass, Gain]);
        }
    }
}

fn by_block(stages: &mut Stages, block: &mut Samples) {
    for stage in stages {
        run_stage(&mut **stage, block);
    }
}

#[inline(never)]
fn run_stage(stage: &mut (dyn Stage + 'static), block: &mut Samples) {
    mark!();
    region!(stage, [LowPass, Gain, Limiter], {
        for sample in block {
            *sample = call!(stage.process(*sample), inline = [LowPass, Gain]);
        }
    });
}

struct Chain {
    stages: Vec<Box<dyn Stage>>,
    blocks: usize,
    run: fn(&mut Stages, &mut Samples),
}

impl Chain {
    fn new(size: Size, run: fn(&mut Stages, &mut Samples)) -> Self {
        let low_pass = |share| Box::new(LowPass { last: 0.0, share });
        Chain {
            stages: vec![
                Box::new(Gain {
                    now: 0.0,
                    wanted: 0.9,
                }),
                low_pass(0.3),
                low_pass(0.5),
                Box::new(Delay {
                    buffer: [0.0; 256],
                    at: 0,
                }),
                low_pass(0.7),
                Box::new(Limiter { envelope: 0.0 }),
            ],
            blocks: size.of(40),
            run,
        }
    }
}

impl Work for Chain {
    fn run(&mut self) -> u64 {
        let mut sum = 0;
        for number in 0..self.blocks {
            let mut block: Samples =
                std::array::from_fn(|index| ((index * 37 + number) % 128) as f32 / 64.0 - 1.0);
            (self.run)(&mut self.stages, &mut block);
            sum = mix(sum, u64::from(block[BLOCK - 1].to_bits()));
        }
        sum
    }
}
