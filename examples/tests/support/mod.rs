//! Runs the real programs, in a folder of their own.

// Every test file is a crate of its own, and none uses all of this.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use tempfile::TempDir;

/// A folder for one test's files, removed at its end.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Creates a file with these bytes.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a writable folder");
        path
    }

    /// The names of all files, hidden ones too, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("a folder that can be listed");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// Runs the host in its own mode, whatever the tests themselves run in.
    pub(crate) fn host<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = self.command();
        command.env_remove("STATIC_CALL").args(arguments);
        command.output().expect("the host to start")
    }

    /// Runs the host with `STATIC_CALL` set.
    pub(crate) fn host_in_mode<S: AsRef<OsStr>>(
        &self,
        mode: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Output {
        let mut command = self.command();
        command.env("STATIC_CALL", mode).args(arguments);
        command.output().expect("the host to start")
    }

    /// Runs the packet filter in its own mode, and measures as little as it can.
    pub(crate) fn filter<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packet-filter"));
        command
            .current_dir(self.0.path())
            .env_remove("STATIC_CALL")
            .args(["--seconds", "0"])
            .args(arguments);
        command.output().expect("the filter to start")
    }

    /// The host, in this folder and not in the one that the tests run in.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audio-host"));
        command.current_dir(self.0.path());
        command
    }

    /// A recording of a tenth of a second that no two channels share.
    pub(crate) fn recording(&self, name: &str, spec: WavSpec) -> PathBuf {
        let path = self.path(name);
        let mut writer = WavWriter::create(&path, spec).expect("a WAV file");
        for frame in 0..spec.sample_rate / 10 {
            for channel in 0..spec.channels {
                let pitch = f64::from(channel + 1) * 220.0;
                let time = f64::from(frame) / f64::from(spec.sample_rate);
                let sample = 0.5 * (time * pitch * std::f64::consts::TAU).sin();
                write(&mut writer, spec, sample);
            }
        }
        writer.finalize().expect("a complete WAV file");
        path
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "that is what a bit depth does"
)]
fn write<W: std::io::Write + std::io::Seek>(writer: &mut WavWriter<W>, spec: WavSpec, sample: f64) {
    let written = match spec.sample_format {
        SampleFormat::Float => writer.write_sample(sample as f32),
        SampleFormat::Int => {
            let full_scale = f64::from(spec.bits_per_sample - 1).exp2();
            writer.write_sample((sample * full_scale) as i32)
        }
    };
    written.expect("a writable WAV file");
}

/// A specification in one line.
pub(crate) fn wav(
    channels: u16,
    sample_rate: u32,
    bits: u16,
    sample_format: SampleFormat,
) -> WavSpec {
    WavSpec {
        channels,
        sample_rate,
        bits_per_sample: bits,
        sample_format,
    }
}

/// The samples of a float WAV file.
pub(crate) fn samples(path: &Path) -> Vec<f32> {
    let reader = WavReader::open(path).expect("a WAV file");
    reader
        .into_samples::<f32>()
        .map(|sample| sample.expect("a float sample"))
        .collect()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Panics with everything that the host said unless it succeeded.
#[track_caller]
pub(crate) fn assert_success(output: &Output) {
    let code = output.status.code();
    assert_eq!(code, Some(0), "{}{}", stdout(output), stderr(output));
    assert!(
        stdout(output).contains("equal bit for bit"),
        "{}",
        stdout(output)
    );
    assert_eq!(stderr(output), "");
}

/// Panics unless the host refused with one line that contains every `part`.
#[track_caller]
pub(crate) fn assert_refused(output: &Output, parts: &[&str]) {
    assert_refused_by("audio-host", output, parts);
}

/// The same for any of the programs.
#[track_caller]
pub(crate) fn assert_refused_by(program: &str, output: &Output, parts: &[&str]) {
    let line = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{}{line}", stdout(output));
    assert!(line.starts_with(&format!("{program}: error: ")), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    for part in parts {
        assert!(line.contains(part), "`{part}` is missing in: {line}");
    }
}
