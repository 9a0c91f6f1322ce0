//! Where and with what a figure was measured.

use std::fmt;

use serde::Serialize;

/// The machine and the compiler.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// The processor's name, and on x86 its family, model and stepping: virtual
    /// machines often hide the name.
    pub processor: String,
    /// Processors that this program may use.
    pub processors: usize,
    /// `rustc --version`.
    pub rustc: &'static str,
    /// Cargo profile.
    pub profile: &'static str,
}

impl Host {
    /// Asks the system.
    pub fn here() -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Host {
            processor: processor(&info),
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            rustc: env!("BENCHES_RUSTC"),
            profile: env!("BENCHES_PROFILE"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Host {
            processor,
            processors,
            rustc,
            profile,
        } = self;
        write!(
            formatter,
            "{processor}, {processors} processors; {rustc}, {profile} profile"
        )
    }
}

fn processor(info: &str) -> String {
    let value = |key: &str| {
        info.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim())
    };
    let Some(name) = value("model name") else {
        return format!("unknown {} processor", std::env::consts::ARCH);
    };
    match (value("cpu family"), value("model"), value("stepping")) {
        (Some(family), Some(model), Some(stepping)) => {
            format!("{name} (family {family}, model {model}, stepping {stepping})")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::processor;

    #[test]
    fn the_processor_is_named_with_its_model_number() {
        let info = "cpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Some Processor\nstepping\t: 8\n";
        assert_eq!(
            processor(info),
            "Some Processor (family 6, model 143, stepping 8)"
        );
        assert!(processor("").starts_with("unknown "));
    }
}
