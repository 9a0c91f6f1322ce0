//! Objects sorted by type, as programs with a cache in mind do.

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "sorted-types",
    "four types, 5,000 objects of each, sorted by type, `targets = 4`",
    |size| Ok(Box::new(Particles::new(size))),
)];

annotated! {
    #[static_call::static_dispatch(targets = 4)]
    trait Particle {
        fn energy(&self, field: f32) -> f32;
    }
}

struct Dust(f32);
struct Spark(f32, f32);
struct Drop(f32);
struct Smoke(f32, f32);

impl Particle for Dust {
    fn energy(&self, field: f32) -> f32 {
        self.0 * field
    }
}

impl Particle for Spark {
    fn energy(&self, field: f32) -> f32 {
        self.0 * field + self.1
    }
}

impl Particle for Drop {
    fn energy(&self, field: f32) -> f32 {
        self.0 - field
    }
}

impl Particle for Smoke {
    fn energy(&self, field: f32) -> f32 {
        self.0 + self.1 * field * field
    }
}

#[inline(never)]
fn energy(particles: &[Box<dyn Particle>], field: f32) -> f32 {
    mark!();
    let mut sum = 0.0;
    for particle in particles {
        sum += call!(particle.energy(field), inline = [Dust, Spark, Drop, Smoke]);
    }
    sum
}

struct Particles {
    particles: Vec<Box<dyn Particle>>,
}

impl Particles {
    fn new(size: Size) -> Self {
        let each = size.of(5000);
        let values = || (0..each).map(|index| index as f32 / 16.0);
        let mut particles: Vec<Box<dyn Particle>> = Vec::new();
        particles.extend(values().map(|x| Box::new(Dust(x)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Spark(x, 1.0)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Drop(x)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Smoke(x, 0.5)) as Box<dyn Particle>));
        Particles { particles }
    }
}

impl Work for Particles {
    fn run(&mut self) -> u64 {
        mix(0, u64::from(energy(&self.particles, 0.25).to_bits()))
    }
}
