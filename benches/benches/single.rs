//! Single figures under criterion: `cargo bench -p static-call-benches`.
//!
//! The ratios that the README quotes come from the program
//! `static-call-benches`, which alternates variants and copies.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use static_call::runtime::{self, Config, Mode};
use static_call::static_call;
use static_call_benches::body::{Body, OBJECTS};

fn through_site(body: &dyn Body, x: u64) -> u64 {
    static_call!(body.step(x))
}

fn calls(criterion: &mut Criterion) {
    let object = OBJECTS[0];
    let mut group = criterion.benchmark_group("call");
    group.bench_function("plain", |bencher| {
        bencher.iter(|| black_box(object).step(black_box(1)));
    });
    for (name, mode) in [("idle", Mode::Off), ("patched", Mode::Always)] {
        settle(mode, object);
        group.bench_function(name, |bencher| {
            bencher.iter(|| through_site(black_box(object), black_box(1)));
        });
    }
    group.finish();
}

fn retarget(criterion: &mut Criterion) {
    settle(Mode::Always, OBJECTS[0]);
    criterion.bench_function("retarget, nothing changed", |bencher| {
        bencher.iter(|| runtime::retarget().expect("patching worked before"));
    });
}

/// Brings the site into the state that the mode leads to.
fn settle(mode: Mode, object: &dyn Body) {
    runtime::configure(Config::default().mode(mode)).expect("the defaults are valid");
    for _ in 0..4 {
        for x in 0..2048 {
            black_box(through_site(black_box(object), x));
        }
        runtime::retarget().expect("the benchmark needs patching");
    }
}

criterion_group!(benches, calls, retarget);
criterion_main!(benches);
