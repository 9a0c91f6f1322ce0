//! One rendering from the first block to the last, with the plugin half-way.

use std::io::{self, Write};
use std::path::PathBuf;

use indicatif::ProgressBar;
use static_call::runtime::{self, RetargetError};

use crate::cli::Calls;
use crate::copies::Copies;
use crate::error::Error;
use crate::instruments;
use crate::output::Output;
use crate::plugin::Extension;
use crate::source::{BLOCK, Source};
use crate::timing::{HEADS, Timing};

/// Whether plain and static calls made the same sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Equal,
    Different,
}

/// What the table shows.
const REMARK: &str = "a sample is tens of nanoseconds of arithmetic, so its calls do not matter: they stay plain,\n\
    unless STATIC_CALL=always forces them to be patched. `packet-filter` is the example that gains";

pub(crate) struct Session {
    source: Source,
    output: Output,
    plugin: PathBuf,
    calls: Calls,
    copies: Copies,
    extension: Option<Extension>,
    retargets: u64,
    refusal: Option<RetargetError>,
    progress: ProgressBar,
}

impl Session {
    /// Blocks from one retarget to the next: about six a second, as a control
    /// thread would do it. Where nothing is to change it costs next to nothing.
    const RETARGET_EVERY: u64 = 16;
    /// Blocks from which on it takes long enough for a progress bar.
    const LONG: u64 = 6000;

    pub(crate) fn new(source: Source, output: Output, plugin: PathBuf, calls: Calls) -> Self {
        let progress = match source.blocks() {
            blocks if blocks >= Self::LONG => ProgressBar::new(blocks),
            _ => ProgressBar::hidden(),
        };
        Self {
            copies: Copies::new(source.format()),
            source,
            output,
            plugin,
            calls,
            extension: None,
            retargets: 0,
            refusal: None,
            progress,
        }
    }

    pub(crate) fn run(mut self) -> Result<Verdict, Error> {
        let format = self.source.format();
        self.say(&format!(
            "{} frames at {} Hz in {} channel(s)",
            self.source.frames(),
            format.sample_rate,
            format.channels,
        ))?;

        let (blocks, half) = (self.source.blocks(), self.source.blocks() / 2);
        let before = self.play(0..half)?;
        self.say(&format!("\nbefore the plugin:\n{}", runtime::report()))?;
        self.load_plugin()?;
        let after = self.play(half..blocks)?;
        self.say(&format!("\nwith the plugin:\n{}", runtime::report()))?;
        self.progress.finish_and_clear();

        self.say(&format!(
            "\ntime per sample      {HEADS}\nbefore the plugin    {before}\nwith the plugin      {after}"
        ))?;
        self.say(REMARK)?;
        self.say(&self.status())?;
        self.conclude()
    }

    fn play(&mut self, blocks: std::ops::Range<u64>) -> Result<Timing, Error> {
        let mut timing = Timing::default();
        let mut input = Vec::new();
        let score = self.source.score();
        let format = self.source.format();
        for block in blocks {
            let extension = self.extension.as_ref();
            for note in score.notes(block, extension.is_some()) {
                let gains = instruments::gains(&note, format);
                self.copies
                    .start(&gains, || instruments::voice(&note, format, extension))?;
            }
            let left = self.source.frames() - block * u64::from(BLOCK);
            let frames = u16::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
            self.source.read(frames.into(), &mut input)?;
            timing.note(self.copies.render(&input));
            self.output.write(self.copies.output(self.calls))?;
            if (block + 1).is_multiple_of(Self::RETARGET_EVERY) {
                self.retarget();
            }
            self.progress.inc(1);
        }
        Ok(timing)
    }

    /// Brings in the plugin's effect at once, and its voice from the next note.
    fn load_plugin(&mut self) -> Result<(), Error> {
        let extension = Extension::load(&self.plugin)?;
        let format = self.source.format();
        self.copies.extend_chains(|| {
            (0..format.channels)
                .map(|_| extension.tremolo(format.rate()))
                .collect()
        })?;
        self.say(&format!("\nloaded `{}`", self.plugin.display()))?;
        self.extension = Some(extension);
        self.retarget();
        Ok(())
    }

    /// A refusal is no failure: the calls stay plain, and the sound the same.
    fn retarget(&mut self) {
        match runtime::retarget() {
            Ok(_) => self.retargets += 1,
            Err(error) => self.refusal = Some(error),
        }
    }

    fn status(&self) -> String {
        let levels = self.copies.engine().levels().take(4);
        let levels: Vec<_> = levels
            .map(|(name, channel, level)| format!("{name} {level:.3} (channel {channel})"))
            .collect();
        let refusal = match &self.refusal {
            Some(error) => format!("\nretargeting was refused: {error}"),
            None => String::new(),
        };
        format!(
            "\nchain: {}\nlevels: {}\nretargets: {}{refusal}",
            self.copies.engine().chain().join(", "),
            levels.join(", "),
            self.retargets,
        )
    }

    fn conclude(self) -> Result<Verdict, Error> {
        let difference = match self.copies.first_difference {
            Some(sample) => format!("from sample {sample} on"),
            None if self.copies.meters_agree() => {
                let progress = self.progress.clone();
                let path = self.output.finish()?;
                let text = format!("outputs: equal bit for bit; wrote `{}`", path.display());
                say(&progress, &text)?;
                return Ok(Verdict::Equal);
            }
            None => "in what the meters show".to_owned(),
        };
        let path = self.output.path().display();
        self.say(&format!(
            "outputs: DIFFERENT {difference}; `{path}` was not written"
        ))?;
        Ok(Verdict::Different)
    }

    fn say(&self, text: &str) -> Result<(), Error> {
        say(&self.progress, text)
    }
}

/// Prints without mixing with the progress bar.
fn say(progress: &ProgressBar, text: &str) -> Result<(), Error> {
    let printed = progress.suspend(|| writeln!(io::stdout().lock(), "{text}"));
    match printed {
        // Whoever reads this may have read enough; the file still matters.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Error::Stdout),
    }
}
