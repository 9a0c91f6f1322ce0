//! Runs the crates' own tests, unpatched and patched.

use crate::cargo;
use crate::corpus::{Crate, Family, Variant};
use crate::error::Error;
use crate::variants::Places;

/// Runs the tests of every annotated crate of a family in both forms; returns
/// their names with the number of tests that passed.
pub(crate) fn run(family: &Family, places: &Places) -> Result<Vec<(&'static str, u32)>, Error> {
    let annotated = |krate: &&Crate| places.patch(krate, Variant::Static).is_some();
    let mut passed = Vec::new();
    for krate in family.crates.iter().filter(annotated) {
        let plain = tests(family, krate, Variant::Plain, places)?;
        let patched = tests(family, krate, Variant::Static, places)?;
        let name = krate.name;
        if plain == 0 {
            return Err(Error::NoTests { name });
        }
        if plain != patched {
            return Err(Error::Suites {
                name,
                plain,
                patched,
            });
        }
        passed.push((name, plain));
    }
    Ok(passed)
}

fn tests(family: &Family, krate: &Crate, variant: Variant, places: &Places) -> Result<u32, Error> {
    let manifest = places.member(family, krate, variant).join("Cargo.toml");
    let mut command = cargo::command("test", &manifest);
    command
        .arg("--target-dir")
        .arg(places.scratch.join("target"));
    Ok(passed(&cargo::run(&mut command)?))
}

/// How many tests passed, by libtest's own account.
fn passed(output: &str) -> u32 {
    let counts = output.lines().filter_map(|line| {
        let (count, _) = line
            .strip_prefix("test result: ok. ")?
            .split_once(" passed")?;
        count.parse::<u32>().ok()
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::passed;

    #[test]
    fn the_tests_of_all_binaries_are_counted() {
        let output = "\
running 2 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Doc-tests rubato
test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 3.20s
";
        assert_eq!(passed(output), 12);
        assert_eq!(passed("error: could not compile"), 0);
    }
}
