//! What can be configured, by `STATIC_CALL` and by [`configure`](crate::runtime::configure).

use std::fmt;

use crate::plan::Policy;

/// When chains are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Mode {
    /// Where it is all but sure to gain. Guards, where the types that a call lists are what
    /// it has met in several windows, and a short calibration does not say that they cost
    /// more than the plain call here; chains, only where plain calls are expensive in
    /// themselves, as in builds with retpolines. Everything else stays a plain call.
    ///
    /// What recording, patching and misses take is paid from a purse that fills with two
    /// percent of the time that passes. So a program takes at most 1.02 of its plain time,
    /// whatever types come by in whatever order.
    #[default]
    Auto,
    /// Wherever a site's mix of types suits them, whatever they cost. For tests and
    /// measurements.
    Always,
    /// Nowhere: every call is the plain call.
    Off,
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Mode::Auto => "auto",
            Mode::Always => "always",
            Mode::Off => "off",
        })
    }
}

impl std::str::FromStr for Mode {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "auto" => Ok(Mode::Auto),
            "always" => Ok(Mode::Always),
            "off" => Ok(Mode::Off),
            other => Err(ConfigError::UnknownMode {
                given: other.to_owned(),
            }),
        }
    }
}

/// How the runtime learns and plans. The defaults suit programs that call
/// [`retarget`](crate::runtime::retarget) a few times a second.
///
/// ```
/// use static_call::runtime::{self, Config, Mode};
/// runtime::configure(Config::default().mode(Mode::Always).window(512))?;
/// # Ok::<(), runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a configuration takes effect through `runtime::configure`"]
pub struct Config {
    pub(crate) mode: Mode,
    pub(crate) window: u32,
    pub(crate) misses: u32,
    minimum_samples: u32,
    minimum_share: f32,
    minimum_coverage: f32,
    margin: f32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            mode: Mode::Auto,
            window: crate::site::FIRST_WINDOW,
            misses: 1000,
            minimum_samples: 64,
            minimum_share: 0.1,
            minimum_coverage: 0.45,
            margin: 0.05,
        }
    }
}

impl Config {
    /// When chains are used. `STATIC_CALL=auto|always|off` in the environment wins.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Calls that a learning window records, 64 to 65,536; 1,024 if not set. In
    /// [`Mode::Always`]; the default mode has windows of its own.
    pub fn window(mut self, calls: u32) -> Self {
        self.window = calls;
        self
    }

    /// Misses of published guards and chains after which the next `retarget()` learns anew,
    /// 1 to 1,000,000; 1,000 if not set, as in the kernel's dynamic calls. In
    /// [`Mode::Always`].
    ///
    /// What has no misses is looked at again all the same, since what it knows may come in
    /// another mix: after 64 passes, and after twice as many each time that it is kept, up
    /// to 8,192. Calls are plain from there to the next pass.
    pub fn misses(mut self, misses: u32) -> Self {
        self.misses = misses;
        self
    }

    /// Share of a site's calls, 0 to 1, that a chain must cover to be published;
    /// 0.45 if not set. In [`Mode::Always`].
    pub fn minimum_coverage(mut self, share: f32) -> Self {
        self.minimum_coverage = share;
        self
    }

    /// By how much more of the calls, 0 to 1, another chain must cover to replace a
    /// published one; 0.05 if not set. In [`Mode::Always`].
    pub fn margin(mut self, share: f32) -> Self {
        self.margin = share;
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let share = |option, given: f32| {
            if (0.0..=1.0).contains(&given) {
                Ok(())
            } else {
                Err(ConfigError::NotAShare { option, given })
            }
        };
        let count = |option, given, least, most| {
            if (least..=most).contains(&given) {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange {
                    option,
                    given,
                    least,
                    most,
                })
            }
        };
        count("window", self.window, self.minimum_samples, 65_536)?;
        count("misses", self.misses, 1, 1_000_000)?;
        share("minimum_coverage", self.minimum_coverage)?;
        share("margin", self.margin)
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy {
            minimum_samples: self.minimum_samples,
            minimum_share: self.minimum_share,
            minimum_coverage: self.minimum_coverage,
            margin: self.margin,
        }
    }
}

/// What was wrong with a configuration. Nothing was changed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A share must be from 0 to 1.
    NotAShare {
        /// The option's name.
        option: &'static str,
        /// What was given.
        given: f32,
    },
    /// A number is too small or too large.
    OutOfRange {
        /// The option's name.
        option: &'static str,
        /// What was given.
        given: u32,
        /// The smallest number allowed.
        least: u32,
        /// The largest number allowed.
        most: u32,
    },
    /// `STATIC_CALL` holds a word that is not a mode.
    UnknownMode {
        /// What was given.
        given: String,
    },
}

crate::words::debug_is_the_sentence!(ConfigError);

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::NotAShare { option, given } => write!(
                formatter,
                "`{option}` is a share from 0 to 1, and {given} is not; give one in that range"
            ),
            ConfigError::OutOfRange {
                option,
                given,
                least,
                most,
            } => write!(
                formatter,
                "`{option}` is {given}; give a number from {least} to {most}"
            ),
            ConfigError::UnknownMode { given } => write!(
                formatter,
                "`{given}` is not a mode; set STATIC_CALL to `auto`, `always` or `off`"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}
