//! One type, two crates, two vtables: both are targets of one site.

use std::process::ExitCode;

use maker::{Measure, Meter};
use static_call::runtime::{self, Config, Mode, State};
use static_call::static_call;

/// An object with this crate's vtable.
#[inline(never)]
fn make(meter: Meter) -> Box<dyn Measure> {
    Box::new(meter)
}

fn call(objects: &[Box<dyn Measure>; 2]) -> u32 {
    objects
        .iter()
        .map(|object| static_call!(object.measure(10)))
        .sum()
}

fn main() -> ExitCode {
    runtime::configure(Config::default().mode(Mode::Always)).expect("the mode is valid");
    // Opens the window.
    runtime::retarget().expect("patching works here");
    let objects = [maker::make(Meter(1)), make(Meter(2))];
    assert_eq!((0..100).map(|_| call(&objects)).sum::<u32>(), 3000);
    runtime::retarget().expect("patching works here");
    assert_eq!((0..100).map(|_| call(&objects)).sum::<u32>(), 3000);
    let site = runtime::sites().remove(0);
    println!("{site:#?}");
    let in_chain = site.targets.iter().filter(|target| target.in_chain);
    let names: Vec<_> = in_chain.map(|target| target.type_name.as_str()).collect();
    let expected = ["maker::Meter"; 2];
    // Where nothing is patched, the sums above are all there is to see.
    let patchable = cfg!(all(target_arch = "x86_64", target_os = "linux"));
    let proved = site.state == State::Patched && site.misses == 0 && names == expected;
    ExitCode::from(u8::from(patchable && !proved))
}
