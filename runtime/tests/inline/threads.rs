//! Threads call through guards while another one switches them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use static_call::runtime::{self, Mode};
use static_call::{static_call, static_dispatch};

use crate::{alone, configure, guards_are_expected, inlined, row};

#[static_dispatch]
trait Threaded: Send + Sync {
    #[static_dispatch(targets = 2)]
    fn threaded(&self, x: u64) -> u64;
}

/// Of another layout for each `N`: a body on the wrong one would read past the end, or
/// another word.
struct Kind<const N: usize>([u64; N]);

impl<const N: usize> Threaded for Kind<N> {
    fn threaded(&self, x: u64) -> u64 {
        (N as u64) << 32 | (self.0[N - 1] ^ x)
    }
}

fn call(object: &dyn Threaded, x: u64) -> u64 {
    static_call!(object.threaded(x), inline = [Kind<1>, Kind<2>, Kind<3>, Kind<4>])
}

#[test]
fn no_call_runs_another_types_body_while_guards_are_switched() {
    let _alone = alone();
    let objects: [Box<dyn Threaded>; 6] = [
        Box::new(Kind([7; 1])),
        Box::new(Kind([7; 2])),
        Box::new(Kind([7; 3])),
        Box::new(Kind([7; 4])),
        Box::new(Kind([7; 5])),
        Box::new(Kind([7; 6])),
    ];
    let check = |kind: usize, x: u64| {
        let expected = (kind as u64 + 1) << 32 | (7 ^ x);
        assert_eq!(call(&*objects[kind], x), expected, "kind {kind}");
    };
    let (done, most) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut seen = Vec::new();
    let mut switched = 0;
    let calls: u64 = thread::scope(|scope| {
        let callers: Vec<_> = (0..3)
            .map(|thread| {
                let (done, most, check) = (&done, &most, &check);
                scope.spawn(move || {
                    let mut calls = 0;
                    while !done.load(Ordering::Relaxed) {
                        let most = most.load(Ordering::Relaxed);
                        for x in 0..256_u64 {
                            // Three in four on one kind, which changes.
                            let other = usize::try_from(x / 4).unwrap() + thread;
                            check(if x % 4 == 0 { other % 6 } else { most }, x);
                            calls += 1;
                        }
                    }
                    calls
                })
            })
            .collect();
        for pass in 0..1000 {
            if pass % 8 == 0 {
                most.store(pass / 8 % 6, Ordering::Relaxed);
            }
            match pass % 64 {
                0 => configure(Mode::Always),
                60 => configure(Mode::Off),
                _ => {}
            }
            runtime::retarget().unwrap();
            let now: Vec<String> = {
                let row = row(file!(), "threaded");
                inlined(&row).into_iter().map(str::to_owned).collect()
            };
            if seen.last() != Some(&now) {
                switched += 1;
            }
            if !seen.contains(&now) {
                seen.push(now);
            }
            if callers.iter().any(thread::ScopedJoinHandle::is_finished) {
                break;
            }
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        let calls = callers.into_iter().map(thread::ScopedJoinHandle::join);
        calls.map(|calls| calls.expect("no call failed")).sum()
    });
    println!(
        "{calls} calls, guards switched {switched} times, {} sets",
        seen.len()
    );
    assert!(calls > 0);
    if guards_are_expected() {
        assert!(seen.len() > 3, "{seen:?}");
    }
}
