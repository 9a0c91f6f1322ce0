//! From a note of the score to a voice, the host's own or the plugin's.

use static_call::runtime::PluginBox;
use static_call_example_dsp::{NoteOn, Voice};

use crate::error::Error;
use crate::plugin::Extension;
use crate::score::{Instrument, Note};
use crate::source::Format;
use crate::voices::{Saw, Sine};

/// The voice that plays `note`; `None` for the plugin's before it is loaded.
pub(crate) fn voice(
    note: &Note,
    format: Format,
    extension: Option<&Extension>,
) -> Result<Option<PluginBox<dyn Voice>>, Error> {
    let on = NoteOn {
        sample_rate: format.rate(),
        frequency: note.frequency(),
        velocity: note.velocity,
        seconds: note.seconds,
    };
    let own: Box<dyn Voice> = match note.instrument {
        Instrument::Saw => Box::new(Saw::new(&on)),
        Instrument::Sine => Box::new(Sine::new(&on)),
        Instrument::Bell => return extension.map(|extension| extension.bell(on)).transpose(),
    };
    Ok(Some(PluginBox::from(own)))
}

/// How loud each channel plays `note`.
pub(crate) fn gains(note: &Note, format: Format) -> Vec<f32> {
    match format.channels {
        2 => vec![1.0 - note.pan, note.pan],
        channels => vec![0.5; usize::from(channels)],
    }
}
