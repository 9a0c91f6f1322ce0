//! Results larger than two registers, of which the caller looks at little.

use static_call_benches::stats::Shuffle;

use crate::program::{Program, Size, Work, mix};

pub(super) const PROGRAMS: [Program; 3] = [
    Program::new(
        "optional-points",
        "`-> Option<[f64; 2]>`, one type; the loop asks only `is_some()`",
        |size| Ok(Box::new(Outlines::new(size, 0))),
    )
    .with_chains_at_most(1.25),
    Program::new(
        "optional-points-mixed",
        "`-> Option<[f64; 2]>`, 80/20 of two types; the loop asks only `is_some()`",
        |size| Ok(Box::new(Outlines::new(size, 20))),
    )
    .with_chains_at_most(1.10),
    Program::new(
        "ray-hits",
        "`-> Option<Hit>` of 56 bytes, balls and floors, the nearest is kept",
        |size| Ok(Box::new(Scene::new(size))),
    ),
];

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Outline {
        /// Where the line at `y` enters and leaves.
        fn crossing(&self, y: f64) -> Option<[f64; 2]>;
    }
}

struct Slab {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Outline for Slab {
    fn crossing(&self, y: f64) -> Option<[f64; 2]> {
        (self.top <= y && y < self.bottom).then_some([self.left, self.right])
    }
}

struct Disc {
    x: f64,
    y: f64,
    radius: f64,
}

impl Outline for Disc {
    fn crossing(&self, y: f64) -> Option<[f64; 2]> {
        let dy = y - self.y;
        let rest = self.radius * self.radius - dy * dy;
        (rest >= 0.0).then(|| {
            let dx = rest.sqrt();
            [self.x - dx, self.x + dx]
        })
    }
}

#[inline(never)]
fn crossed(outlines: &[Box<dyn Outline>], y: f64) -> u64 {
    mark!();
    let mut crossed = 0;
    for outline in outlines {
        if call!(outline.crossing(y), inline = [Slab, Disc]).is_some() {
            crossed += 1;
        }
    }
    crossed
}

struct Outlines {
    outlines: Vec<Box<dyn Outline>>,
    lines: usize,
}

impl Outlines {
    fn new(size: Size, discs: usize) -> Self {
        let mut shuffle = Shuffle::new(3);
        let outlines = (0..1000).map(|_| -> Box<dyn Outline> {
            let y = shuffle.below(1000) as f64;
            if shuffle.below(100) < discs {
                Box::new(Disc {
                    x: y,
                    y,
                    radius: 20.0,
                })
            } else {
                Box::new(Slab {
                    left: 0.0,
                    right: y,
                    top: y - 20.0,
                    bottom: y + 20.0,
                })
            }
        });
        Outlines {
            outlines: outlines.collect(),
            lines: size.of(50),
        }
    }
}

impl Work for Outlines {
    fn run(&mut self) -> u64 {
        let lines = 0..self.lines;
        lines.fold(0, |sum, line| {
            mix(sum, crossed(&self.outlines, 20.0 * line as f64))
        })
    }
}

struct Ray {
    from: [f64; 3],
    along: [f64; 3],
}

struct Hit {
    distance: f64,
    normal: [f64; 3],
    colour: [f64; 3],
}

annotated! {
    #[static_call::static_dispatch(targets = 2)]
    trait Solid {
        fn hit(&self, ray: &Ray) -> Option<Hit>;
    }
}

struct Ball {
    centre: [f64; 3],
    radius: f64,
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Solid for Ball {
    fn hit(&self, ray: &Ray) -> Option<Hit> {
        let away = [0, 1, 2].map(|axis| ray.from[axis] - self.centre[axis]);
        let half = dot(away, ray.along);
        let under = half * half - dot(away, away) + self.radius * self.radius;
        if under < 0.0 {
            return None;
        }
        let distance = -half - under.sqrt();
        (distance > 0.0).then(|| Hit {
            distance,
            normal: [0, 1, 2].map(|axis| (away[axis] + distance * ray.along[axis]) / self.radius),
            colour: [0.8, 0.2, 0.2],
        })
    }
}

struct Floor {
    height: f64,
}

impl Solid for Floor {
    fn hit(&self, ray: &Ray) -> Option<Hit> {
        let distance = (self.height - ray.from[1]) / ray.along[1];
        (distance > 0.0).then_some(Hit {
            distance,
            normal: [0.0, 1.0, 0.0],
            colour: [0.5; 3],
        })
    }
}

#[inline(never)]
fn shade(solids: &[Box<dyn Solid>], ray: &Ray) -> f64 {
    mark!();
    let mut nearest: Option<Hit> = None;
    for solid in solids {
        if let Some(hit) = call!(solid.hit(ray), inline = [Ball, Floor])
            && nearest
                .as_ref()
                .is_none_or(|nearest| hit.distance < nearest.distance)
        {
            nearest = Some(hit);
        }
    }
    nearest.map_or(0.0, |hit| {
        hit.normal[1].abs() * hit.colour[0] + hit.colour[1] / hit.distance
    })
}

struct Scene {
    solids: Vec<Box<dyn Solid>>,
    rays: Vec<Ray>,
}

impl Scene {
    fn new(size: Size) -> Self {
        let mut shuffle = Shuffle::new(4);
        let mut within = |bound: usize| shuffle.below(bound * 100) as f64 / 100.0;
        let solids = (0..40).map(|index| -> Box<dyn Solid> {
            if index % 8 == 7 {
                Box::new(Floor {
                    height: -5.0 - within(10),
                })
            } else {
                Box::new(Ball {
                    centre: [within(20) - 10.0, within(20) - 10.0, within(20) + 5.0],
                    radius: 1.0,
                })
            }
        });
        let solids = solids.collect();
        let rays = (0..size.of(300)).map(|_| {
            let along = [within(2) - 1.0, within(2) - 1.005, 1.0];
            let length = dot(along, along).sqrt();
            Ray {
                from: [0.0; 3],
                along: along.map(|part| part / length),
            }
        });
        Scene {
            solids,
            rays: rays.collect(),
        }
    }
}

impl Work for Scene {
    fn run(&mut self) -> u64 {
        let shades = self.rays.iter().map(|ray| shade(&self.solids, ray));
        shades.fold(0, |sum, shade| mix(sum, shade.to_bits()))
    }
}
