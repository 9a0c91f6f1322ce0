//! Plan files: TOML, written to be read and reviewed by people.
#![allow(
    clippy::cast_possible_truncation,
    reason = "shares from 0 to 1, and lines"
)]

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Plan, PlanEntry, PlanKind, PlannedType};

/// The version of the format that is written. Newer ones are refused.
const VERSION: u32 = 1;

/// What is larger is no plan.
const MOST_BYTES: u64 = 64 << 20;

const HEAD: &str = "\
# What the call sites of a program are to do, as `static_call::runtime::tune` has measured it.
# One entry a call site. `ratio` is the program's time with the site's plan over its time
# without, `interval` its bounds. An entry may be taken out; all others keep their meaning.
";

/// Why a plan file was not read or written.
#[non_exhaustive]
pub enum PlanError {
    /// The file could not be read or written.
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no plan, or is damaged.
    NotAPlan {
        /// Which.
        path: PathBuf,
        /// Where, and what is wrong there.
        reason: String,
    },
    /// It is of a newer version of the format.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The newest one that is known here.
        known: u32,
    },
}

crate::words::debug_is_the_sentence!(PlanError);

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Io { path, source } => write!(formatter, "{}: {source}", path.display()),
            PlanError::NotAPlan { path, reason } => {
                write!(formatter, "{} is no plan: {reason}", path.display())
            }
            PlanError::Newer {
                path,
                version,
                known,
            } => write!(
                formatter,
                "{} is of version {version} of the format, and this program knows {known}; \
                 tune again with this program",
                path.display()
            ),
        }
    }
}

impl std::error::Error for PlanError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PlanError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Read first, so that a newer version is told from damage.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    program: String,
    #[serde(default, rename = "site")]
    sites: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "crate")]
    of_crate: String,
    file: String,
    line: u32,
    column: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(rename = "trait")]
    trait_name: String,
    method: String,
    plan: String,
    types: Vec<Type>,
    calls_per_second: f64,
    ratio: f64,
    interval: [f64; 2],
    measured: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Type {
    name: String,
    share: f64,
}

/// Fewer digits: nobody knows more.
fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { value }
}

impl From<&PlanEntry> for Entry {
    fn from(entry: &PlanEntry) -> Self {
        let of_crate = entry.trait_name.split("::").next().unwrap_or_default();
        Entry {
            of_crate: of_crate.to_owned(),
            file: entry.file.clone(),
            line: entry.line,
            column: entry.column,
            number: entry.number,
            trait_name: entry.trait_name.clone(),
            method: entry.method.clone(),
            plan: entry.kind.to_string(),
            types: entry
                .types
                .iter()
                .map(|one| Type {
                    name: one.name.clone(),
                    share: rounded(f64::from(one.share), 4),
                })
                .collect(),
            calls_per_second: entry.calls_per_second.round(),
            ratio: rounded(entry.ratio, 4),
            interval: [rounded(entry.interval.0, 4), rounded(entry.interval.1, 4)],
            measured: date(entry.measured),
        }
    }
}

impl Entry {
    fn read(self) -> Result<PlanEntry, String> {
        let kind = match self.plan.as_str() {
            "inline" => PlanKind::Inline,
            "chain" => PlanKind::Chain,
            other => {
                return Err(format!(
                    "`{other}` is no plan; there are `inline` and `chain`"
                ));
            }
        };
        let is_time = |ratio: f64| ratio > 0.0 && ratio.is_finite();
        let shares = self.types.iter().map(|one| one.share);
        let is_sound = self.interval.iter().all(|bound| is_time(*bound))
            && is_time(self.ratio)
            && self.calls_per_second >= 0.0
            && shares.clone().all(|share| (0.0..=1.0).contains(&share));
        if !is_sound {
            return Err(format!(
                "{}:{}: a ratio is above 0, a share from 0 to 1",
                self.file, self.line
            ));
        }
        let measured = seconds(&self.measured)
            .ok_or_else(|| format!("`{}` is no time like 2026-11-30T09:30:00Z", self.measured))?;
        let types = self.types.into_iter().map(|one| PlannedType {
            name: one.name,
            share: one.share as f32,
        });
        Ok(PlanEntry {
            kind,
            types: types.collect(),
            file: self.file,
            line: self.line,
            column: self.column,
            number: self.number,
            trait_name: self.trait_name,
            method: self.method,
            calls_per_second: self.calls_per_second,
            ratio: self.ratio,
            interval: (self.interval[0], self.interval[1]),
            measured,
        })
    }
}

impl Plan {
    /// Reads a plan file.
    ///
    /// ```no_run
    /// use static_call::runtime::Plan;
    ///
    /// let followed = Plan::load("plan.toml")?.apply()?;
    /// println!("{followed}");                     // what fits, and what was not met yet
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Plan, PlanError> {
        let path = path.as_ref();
        let io = |source| PlanError::Io {
            path: path.to_owned(),
            source,
        };
        let not = |reason: String| PlanError::NotAPlan {
            path: path.to_owned(),
            reason,
        };
        let about = std::fs::metadata(path).map_err(io)?;
        if !about.is_file() || about.len() > MOST_BYTES {
            return Err(not("it is no file of ordinary size".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|error| not(error.to_string()))?;
        let said = |error: toml::de::Error| not(error.to_string().trim_end().to_owned());
        let Version { version } = toml::from_str(&text).map_err(said)?;
        if version > VERSION {
            return Err(PlanError::Newer {
                path: path.to_owned(),
                version,
                known: VERSION,
            });
        }
        let file: File = toml::from_str(&text).map_err(said)?;
        let entries = file.sites.into_iter().map(Entry::read);
        Ok(Plan {
            program: file.program,
            entries: entries.collect::<Result<_, _>>().map_err(not)?,
            source: Some(path.display().to_string()),
        })
    }

    /// Writes a plan file, whole or not at all: beside it first, and then in its place. Who
    /// reads it meanwhile has the old one or the new one.
    ///
    /// # Errors
    /// The file could not be written; what was there still is.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlanError> {
        let path = path.as_ref();
        let io = |source| PlanError::Io {
            path: path.to_owned(),
            source,
        };
        replace(path, self.text().as_bytes()).map_err(io)
    }

    /// The content of a plan file.
    fn text(&self) -> String {
        let file = File {
            version: VERSION,
            program: self.program.clone(),
            sites: self.entries.iter().map(Entry::from).collect(),
        };
        // Of numbers, texts and lists: all of that there is in TOML.
        let body = toml::to_string(&file).unwrap_or_else(|error| unreachable!("{error}"));
        format!("{HEAD}\n{body}")
    }
}

/// Writes beside the path, and renames.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?;
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut beside = name.to_owned();
    // Several processes and threads may write at once.
    beside.push(format!(".{}.{number}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            // Or a power cut leaves the new name with nothing behind it.
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // It may not be there.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// `2026-11-30T09:30:00Z`, from seconds of Unix time.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last one.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// And back.
fn seconds(date: &str) -> Option<u64> {
    let (day, time) = date.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, between| -> Option<[u64; 3]> {
        let numbers = text.split(between).map(|one| one.parse().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        numbers.try_into().ok()
    };
    let [year, month, day] = numbers(day, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let is_one = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !is_one {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let days = 365 * (year % 400) + year % 400 / 4 - year % 400 / 100;
    let days = year / 400 * 146_097 + days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests;
