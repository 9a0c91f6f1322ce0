//! Two versions of static-call in one program, each with traits, call sites and a
//! runtime of its own.

macro_rules! version {
    ($krate:ident) => {
        pub mod $krate {
            use $krate::runtime::{self, Config, Mode};
            use $krate::{binding, static_call, static_dispatch};

            #[static_dispatch(unsafe(crate = $krate))]
            pub trait Bound: Send + Sync {
                #[static_dispatch]
                fn bound(&self) -> u64;
            }

            pub struct Number(pub u64);
            impl Bound for Number {
                fn bound(&self) -> u64 {
                    self.0
                }
            }

            binding! {
                static BOUND: dyn Bound = Number(0);
            }

            /// Swaps, calls, and drops what was replaced. Nobody else calls.
            pub fn swaps(rounds: u64) {
                for round in 0..rounds {
                    BOUND.swap_boxed(Box::new(Number(round))).unwrap();
                    assert_eq!(BOUND.bound(), round, "a swap was lost");
                    // SAFETY: this thread alone calls, and is not inside.
                    unsafe { BOUND.reclaim() }.unwrap();
                    assert_eq!(BOUND.bound(), round, "a swap was lost");
                }
            }

            #[static_dispatch(targets = 2, unsafe(crate = $krate))]
            pub trait Step {
                fn step(&self, x: u64) -> u64;
            }

            pub struct Add(pub u64);
            #[static_dispatch(unsafe(crate = $krate))]
            impl Step for Add {
                fn step(&self, x: u64) -> u64 {
                    x + self.0
                }
            }

            pub struct Times(pub u64);
            impl Step for Times {
                fn step(&self, x: u64) -> u64 {
                    x * self.0
                }
            }

            fn call(step: &dyn Step, x: u64) -> u64 {
                static_call!(step.step(x))
            }

            pub fn configure() {
                let config = Config::default().mode(Mode::Always).window(64);
                runtime::configure(config).unwrap();
            }

            pub fn round(add: u64, times: u64) {
                for x in 0..200 {
                    assert_eq!(call(&Add(add), x), x + add);
                    assert_eq!(call(&Times(times), x), x * times);
                }
                runtime::retarget().unwrap();
            }

            /// Sites, patched ones, and the types in their chains.
            pub fn seen() -> String {
                let report = runtime::report();
                let chain = report.sites.iter().flat_map(|site| &site.targets);
                let names = chain.filter(|one| one.in_chain).map(|one| {
                    one.type_name
                        .rsplit_once("both::")
                        .map_or("?", |(_, name)| name)
                        .to_owned()
                });
                let names: std::collections::BTreeSet<_> = names.collect();
                format!(
                    "{} sites, {names:?}, {}",
                    report.sites.len(),
                    report.backend
                )
            }
        }
    };
}

version!(static_call);
version!(other);

fn main() {
    static_call::configure();
    other::configure();
    for round in 1..8 {
        static_call::round(round, 3);
        other::round(5, round);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| static_call::swaps(3000));
        scope.spawn(|| other::swaps(3000));
    });
    println!("both swapped");
    println!("{}", static_call::seen());
    println!("{}", other::seen());
}
