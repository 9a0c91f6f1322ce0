//! The job: the traffic once to look at it, then the plugin, then the traffic for good.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use static_call::runtime;
use static_call_example_packets::{BATCH, FastRule, Rule};

use crate::capture::Source;
use crate::cli::{Arguments, Way};
use crate::error::Error;
use crate::filter::{Filter, Verdict};
use crate::frames::{Batch, Link};
use crate::headers::{self, Reading};
use crate::measure::{Figures, HEADS, Measured, Sample, decide};
use crate::output::Output;
use crate::plugin::Extension;
use crate::rules::{Action, Rules};
use crate::sink::{COUNTS, SINK, Sink, Writing, Written};

/// Whether plain and static calls came to the same verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Equal,
    Different,
}

pub(crate) struct Session {
    arguments: Arguments,
    source: Source,
    rules: Rules,
    plugin: PathBuf,
    extension: Option<Extension>,
    sample: Sample,
    /// Whom plain calls tell.
    sink: Arc<dyn Sink>,
}

/// What one pass over the traffic has found.
#[derive(Default)]
struct Pass {
    frames: u64,
    truncated: u64,
    not_ip: u64,
    accepted: u64,
    dropped: u64,
    /// By the number of the rule; the last is the default.
    hits: Vec<u64>,
    link: Option<Link>,
    /// The first packet about which the verdicts differ.
    difference: Option<u64>,
}

impl Session {
    /// Opens everything that can be refused before the first packet is read.
    pub(crate) fn new(arguments: Arguments) -> Result<Self, Error> {
        let source = Source::of(&arguments);
        source.open()?;
        let rules = Rules::open(arguments.rules.as_deref())?;
        let plugin = static_call_examples::plugin(
            arguments.plugin.as_deref(),
            "static-call-example-packet-plugin",
        )?;
        if let Some(path) = &arguments.output {
            // What would be refused at the end is refused now.
            drop(Output::create(
                path,
                arguments.input.as_deref(),
                Link::Ethernet,
            )?);
        }
        Ok(Self {
            arguments,
            source,
            rules,
            plugin,
            extension: None,
            sample: Sample::default(),
            sink: Arc::new(Told),
        })
    }

    pub(crate) fn run(mut self) -> Result<Outcome, Error> {
        let _worker = runtime::retarget_every(Duration::from_millis(20)).map_err(Error::Worker)?;
        let time = Duration::from_secs(self.arguments.seconds.into());

        let first = self.pass()?;
        self.say(&first.summary())?;
        if let Some(packet) = first.difference {
            return self.different(packet);
        }
        let before = self.sample.measure(&self.rules, None, time)?;
        let Measured::Figures(before) = before else {
            return self.different(0);
        };
        self.say(&format!("\nbefore the plugin:\n{}", runtime::report()))?;

        let number = Verdict(u16::try_from(self.rules.actions.len()).unwrap_or(u16::MAX));
        let extension = Extension::load(&self.plugin, number)?;
        let name = extension.rule::<dyn Rule>()?.to_string();
        self.rules.actions.push(Action::Drop);
        self.extension = Some(extension);
        // A refusal is no failure: the calls stay plain, and the verdicts the same.
        if let Err(error) = runtime::retarget() {
            self.say(&format!("\nretargeting was refused: {error}"))?;
        }
        self.say(&format!(
            "\nloaded `{}`: drop {name}",
            self.plugin.display()
        ))?;

        let with = self
            .sample
            .measure(&self.rules, self.extension.as_ref(), time)?;
        let Measured::Figures(with) = with else {
            return self.different(0);
        };
        let result = self.start_writing(first.link.unwrap_or(Link::Ethernet))?;
        let second = self.pass()?;
        if second.frames != first.frames
            && let Source::File(path) = &self.source
        {
            return Err(Error::Changed { path: path.clone() });
        }
        self.say(&format!("\nwith the plugin:\n{}", runtime::report()))?;
        if let Some(packet) = second.difference {
            return self.different(packet);
        }
        self.conclude(&first, &second, &name, (&before, &with), result)
    }

    /// Reads all packets and decides about them, with both kinds of calls.
    fn pass(&mut self) -> Result<Pass, Error> {
        // Shown on a terminal only.
        let progress = if self.source.is_long() {
            ProgressBar::new(self.source.size())
        } else {
            ProgressBar::hidden()
        };
        let mut pass = Pass {
            hits: vec![0; self.rules.actions.len() + 1],
            ..Pass::default()
        };
        let mut plain = Filter::<dyn Rule>::new(&self.rules.conditions);
        let mut fixed = Filter::<dyn FastRule>::new(&self.rules.conditions);
        if let Some(extension) = &self.extension {
            extension.extend(&mut plain)?;
            extension.extend(&mut fixed)?;
        }
        let is_first = self.extension.is_none();
        let (mut by_plain, mut by_fixed) = ([Verdict::DEFAULT; BATCH], [Verdict::DEFAULT; BATCH]);
        let mut frames = self.source.open()?;
        let (mut batch, mut bytes) = (Batch::new(), Vec::new());
        loop {
            let frame = frames.next(&mut bytes)?;
            if let Some(frame) = frame {
                pass.frames += 1;
                pass.link = pass.link.or(Some(frame.link));
                match headers::read(frame, &bytes) {
                    Reading::Packet(packet) => batch.push(&packet, frame, &bytes),
                    Reading::Truncated => pass.truncated += 1,
                    Reading::NotIp => pass.not_ip += 1,
                }
            }
            if batch.count() == BATCH || (frame.is_none() && batch.count() > 0) {
                // Each is decided about twice, and the sink is told once.
                match self.arguments.calls {
                    Way::Plain => {
                        fixed.decide(&batch.packets, batch.count(), &mut by_fixed);
                        decide(&mut plain, &batch, &mut by_plain, &self.rules, &*self.sink);
                    }
                    Way::Static => {
                        plain.decide(&batch.packets, batch.count(), &mut by_plain);
                        decide(&mut fixed, &batch, &mut by_fixed, &self.rules, &*self.sink);
                    }
                }
                pass.note(&by_plain[..batch.count()], &by_fixed[..batch.count()]);
                if is_first {
                    self.sample.offer(&batch);
                }
                batch.clear();
                progress.set_position(frames.position());
            }
            if frame.is_none() {
                break;
            }
        }
        pass.truncated += u64::from(frames.ended_early());
        (pass.accepted, pass.dropped) = COUNTS.read();
        progress.finish_and_clear();
        match &self.source {
            Source::File(path) if pass.frames == 0 => Err(Error::NoPackets { path: path.clone() }),
            _ => Ok(pass),
        }
    }

    /// From here on the sinks write, if there is anything to be written.
    fn start_writing(&mut self, link: Link) -> Result<Option<Pending>, Error> {
        COUNTS.read();
        let Some(path) = &self.arguments.output else {
            return Ok(None);
        };
        let output = Output::create(path, self.arguments.input.as_deref(), link)?;
        let written = Written {
            output,
            failed: None,
        };
        let written = Arc::new(Mutex::new(Some(written)));
        self.sink = Arc::new(Writing(Arc::clone(&written)));
        SINK.swap_boxed(Box::new(Writing(Arc::clone(&written))))?;
        Ok(Some(Pending(written)))
    }

    fn conclude(
        &self,
        first: &Pass,
        second: &Pass,
        plugin: &str,
        (before, with): (&Figures, &Figures),
        result: Option<Pending>,
    ) -> Result<Outcome, Error> {
        let path = result.map(Pending::finish).transpose()?;
        self.say(&format!("\n{}", self.hits(first, second, plugin)))?;
        self.say(&second.summary())?;
        if let Some(path) = path {
            self.say(&format!("wrote `{}`", path.display()))?;
        }
        self.say(&format!(
            "verdicts: equal\n\ntime per packet    {HEADS}\nbefore the plugin  {before}\nwith the plugin    {with}\n"
        ))?;
        self.say(&format!(
            "static calls: {:.1} times as fast as plain calls, {:.1} with the plugin",
            before.gain(),
            with.gain()
        ))?;
        Ok(Outcome::Equal)
    }

    /// A table of the rules, with how many packets each has decided about.
    fn hits(&self, first: &Pass, second: &Pass, plugin: &str) -> String {
        let mut table = format!(
            "{:>5}  {:<6}  {:<36}  {:>10}  {:>10}\n",
            "rule", "action", "condition", "before", "with"
        );
        let shown = self
            .rules
            .conditions
            .iter()
            .map(|condition| condition.object::<dyn Rule>().to_string());
        let names = shown.chain([plugin.to_owned(), "no rule fits".to_owned()]);
        let plugins = self.rules.conditions.len();
        for (number, name) in names.enumerate() {
            // Before the plugin, the last number is the default's.
            let before = match number {
                number if number < plugins => first.hits[number],
                number if number == plugins => 0,
                _ => first.hits[plugins],
            };
            let action = self.rules.actions.get(number);
            let action = match action.unwrap_or(&self.rules.default) {
                Action::Accept => "accept",
                Action::Drop => "drop",
            };
            let with = second.hits[number];
            let number = number + 1;
            let row = format!("{number:>5}  {action:<6}  {name:<36}  {before:>10}  {with:>10}\n");
            table.push_str(&row);
        }
        table
    }

    fn different(&self, packet: u64) -> Result<Outcome, Error> {
        self.say(&format!(
            "verdicts: DIFFERENT, from packet {packet} on; nothing was written"
        ))?;
        Ok(Outcome::Different)
    }

    #[expect(clippy::unused_self, reason = "the session is who speaks")]
    fn say(&self, text: &str) -> Result<(), Error> {
        match writeln!(io::stdout().lock(), "{text}") {
            // Whoever reads this may have read enough; the file still matters.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(Error::Stdout),
        }
    }
}

impl Pass {
    fn note(&mut self, plain: &[Verdict], fixed: &[Verdict]) {
        let decided: u64 = self.hits.iter().sum();
        let difference = plain
            .iter()
            .zip(fixed)
            .position(|(one, other)| one != other);
        if let Some(at) = difference {
            self.difference = self.difference.or(Some(decided + at as u64));
        }
        for verdict in fixed {
            let default = self.hits.len() - 1;
            self.hits[usize::from(verdict.0).min(default)] += 1;
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} packets: {} accepted, {} dropped; not filtered: {} truncated, {} not IP",
            self.frames, self.accepted, self.dropped, self.truncated, self.not_ip
        )
    }
}

/// A result that goes away unless it is finished; the sinks, which stay, lose it then.
struct Pending(Arc<Mutex<Option<Written>>>);

impl Pending {
    fn take(&self) -> Option<Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn finish(self) -> Result<PathBuf, Error> {
        let written = self.take().expect("it is taken once");
        match written.failed {
            Some(error) => Err(written.output.refused(&error).into()),
            None => Ok(written.output.finish()?),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.take();
    }
}

/// Tells [`COUNTS`].
struct Told;

impl Sink for Told {
    fn take(&self, batch: &Batch, at: usize, verdict: Verdict, action: Action) {
        COUNTS.take(batch, at, verdict, action);
    }
}

#[cfg(test)]
mod tests {
    use super::{Pass, Verdict};

    #[test]
    fn the_first_packet_with_two_verdicts_is_noticed_in_any_batch() {
        let verdicts = |numbers: [u16; 3]| numbers.map(Verdict);
        let mut pass = Pass {
            hits: vec![0; 3],
            ..Pass::default()
        };
        pass.note(&verdicts([0, 1, 0]), &verdicts([0, 1, 0]));
        assert_eq!(pass.difference, None);
        pass.note(&verdicts([0, 1, 0]), &verdicts([0, 0, u16::MAX]));
        pass.note(&verdicts([0, 1, 0]), &verdicts([1, 1, 0]));
        assert_eq!(pass.difference, Some(4));
        assert_eq!(pass.hits, [5, 3, 1]);
    }
}
