//! Two versions of static-call in one program, each with traits, call sites and a
//! runtime of its own.

macro_rules! version {
    ($krate:ident) => {
        pub mod $krate {
            use $krate::runtime::{self, Config, Mode};
            use $krate::{static_call, static_dispatch};

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
    println!("{}", static_call::seen());
    println!("{}", other::seen());
}
