//! Objects sorted by type, as programs with a cache in mind do.

use crate::program::{Program, Size, Work};

pub(super) const PROGRAMS: [Program; 1] = [Program::new(
    "sorted-types",
    "four types, 5,000 objects of each, sorted by type, `targets = 4`",
    |size| Ok(Box::new(Particles::new(size))),
)];

annotated! {
    #[static_call::static_dispatch(targets = 4)]
    trait Particle {
        fn energy(&self, field: u64) -> u64;
    }
}

struct Dust(u64);
struct Spark(u64, u64);
struct Drop(u64);
struct Smoke(u64, u64);

impl Particle for Dust {
    fn energy(&self, field: u64) -> u64 {
        self.0 * field
    }
}

impl Particle for Spark {
    fn energy(&self, field: u64) -> u64 {
        self.0 * field + self.1
    }
}

impl Particle for Drop {
    fn energy(&self, field: u64) -> u64 {
        self.0 ^ field
    }
}

impl Particle for Smoke {
    fn energy(&self, field: u64) -> u64 {
        self.0 + self.1 * field * field
    }
}

// A sum of integers: one of floats has no register that a call leaves alone, and LLVM
// spills it once in one way and twice in another.
#[inline(never)]
fn energy(particles: &[Box<dyn Particle>], field: u64) -> u64 {
    mark!();
    let mut sum = 0_u64;
    for particle in particles {
        sum = sum.wrapping_add(call!(
            particle.energy(field),
            inline = [Dust, Spark, Drop, Smoke]
        ));
    }
    sum
}

struct Particles {
    particles: Vec<Box<dyn Particle>>,
}

impl Particles {
    fn new(size: Size) -> Self {
        let each = size.of(5000);
        let values = || 0..each as u64;
        let mut particles: Vec<Box<dyn Particle>> = Vec::new();
        particles.extend(values().map(|x| Box::new(Dust(x)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Spark(x, 1)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Drop(x)) as Box<dyn Particle>));
        particles.extend(values().map(|x| Box::new(Smoke(x, 3)) as Box<dyn Particle>));
        Particles { particles }
    }
}

impl Work for Particles {
    fn run(&mut self) -> u64 {
        energy(&self.particles, 5)
    }
}
