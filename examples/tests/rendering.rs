//! What the host makes of the tune and of recordings.

mod support;

use std::fs;

use hound::{SampleFormat, WavReader};
use support::{Folder, assert_success, samples, stdout, wav};

#[test]
fn the_tune_sounds_the_same_with_plain_and_static_calls() {
    let folder = Folder::new();
    for calls in ["plain", "static"] {
        let name = format!("{calls}.wav");
        assert_success(&folder.host(["--seconds", "2", "--calls", calls, "-o", &name]));
    }
    let bytes = |name: &str| fs::read(folder.path(name)).expect("the output");
    assert_eq!(bytes("plain.wav"), bytes("static.wav"));
    assert_eq!(folder.names(), ["plain.wav", "static.wav"]);
}

#[test]
fn the_mode_changes_nothing_but_the_time() {
    let folder = Folder::new();
    let modes = ["off", "auto", "always"].map(|mode| {
        assert_success(&folder.host_in_mode(mode, ["--seconds", "1", "-o", "out.wav"]));
        fs::read(folder.path("out.wav")).expect("the output")
    });
    assert_eq!(modes[0], modes[1]);
    assert_eq!(modes[0], modes[2]);
}

#[test]
fn the_tune_is_neither_silent_nor_beyond_full_scale() {
    let folder = Folder::new();
    assert_success(&folder.host(["--seconds", "1"]));
    let samples = samples(&folder.path("audio-host.wav"));
    assert_eq!(samples.len(), 2 * 48_000);
    let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    assert!((0.1..=1.0).contains(&peak), "{peak}");
}

#[test]
fn the_plugin_is_in_use_from_half_way_on() {
    let folder = Folder::new();
    let output = folder.host(["--seconds", "2"]);
    assert_success(&output);
    let said = stdout(&output);
    let position = |part: &str| {
        said.find(part)
            .unwrap_or_else(|| panic!("no `{part}`: {said}"))
    };
    assert!(position("before the plugin:") < position("loaded `"));
    assert!(position("loaded `") < position("with the plugin:"));
    assert!(said.contains("gain, tremolo"), "{said}");
    assert!(said.contains("static/plain"), "{said}");

    // The first half of a tune twice as long has no plugin in it yet.
    assert_success(&folder.host(["--seconds", "4", "-o", "longer.wav"]));
    let (short, long) = (
        samples(&folder.path("audio-host.wav")),
        samples(&folder.path("longer.wav")),
    );
    let half = short.len() / 2;
    assert_eq!(short[..half], long[..half]);
    assert_ne!(short[half..], long[half..short.len()]);
}

#[test]
fn every_depth_and_channel_count_is_read_and_its_rate_kept() {
    let folder = Folder::new();
    let int = [8, 16, 24, 32].map(|bits| (bits, SampleFormat::Int));
    let depths = int.into_iter().chain([(32, SampleFormat::Float)]);
    for (bits, format) in depths {
        for channels in [1, 2, 6] {
            let spec = wav(channels, 44_100, bits, format);
            let input = folder.recording("in.wav", spec);
            assert_success(&folder.host([input.as_os_str(), "-o".as_ref(), "out.wav".as_ref()]));
            let reader = WavReader::open(folder.path("out.wav")).expect("the output");
            assert_eq!(
                reader.spec(),
                wav(channels, 44_100, 32, SampleFormat::Float)
            );
            assert_eq!(reader.duration(), 4_410);
        }
    }
}

#[test]
fn the_same_recording_sounds_the_same_at_every_depth() {
    let folder = Folder::new();
    let rendered = |bits, format| {
        let input = folder.recording("in.wav", wav(1, 8_000, bits, format));
        assert_success(&folder.host([input.as_os_str(), "-o".as_ref(), "out.wav".as_ref()]));
        samples(&folder.path("out.wav"))
    };
    let exact = rendered(32, SampleFormat::Float);
    for (bits, tolerance) in [(8, 0.03), (16, 1e-4), (24, 1e-5), (32, 1e-5)] {
        let coarse = rendered(bits, SampleFormat::Int);
        let worst = exact
            .iter()
            .zip(&coarse)
            .fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(worst < tolerance, "{bits} bits: {worst}");
    }
}

#[test]
fn a_rendering_can_be_rendered_again() {
    let folder = Folder::new();
    assert_success(&folder.host(["--seconds", "1", "-o", "first.wav"]));
    assert_success(&folder.host(["first.wav", "-o", "second.wav"]));
    let (first, second) = (
        samples(&folder.path("first.wav")),
        samples(&folder.path("second.wav")),
    );
    assert_eq!(first.len(), second.len());
    assert_ne!(first, second);
}

#[test]
fn one_frame_is_enough_and_strange_sample_rates_are_too() {
    let folder = Folder::new();
    for rate in [10, 50, 4_800, 11_025, 192_000] {
        let input = folder.recording("in.wav", wav(1, rate, 16, SampleFormat::Int));
        assert_success(&folder.host([input.as_os_str(), "-o".as_ref(), "out.wav".as_ref()]));
        let output = samples(&folder.path("out.wav"));
        assert_eq!(output.len(), usize::try_from(rate / 10).unwrap());
        assert!(output.iter().all(|x| x.is_finite()));
    }
}

#[test]
fn an_existing_output_is_replaced_by_a_complete_one() {
    let folder = Folder::new();
    folder.file("out.wav", b"an older rendering");
    assert_success(&folder.host(["--seconds", "1", "-o", "out.wav"]));
    assert_eq!(samples(&folder.path("out.wav")).len(), 2 * 48_000);
    assert_eq!(folder.names(), ["out.wav"]);
}

#[cfg(unix)]
#[test]
fn an_output_behind_a_link_is_replaced_and_the_link_stays() {
    let folder = Folder::new();
    folder.file("target.wav", b"an older rendering");
    std::os::unix::fs::symlink("target.wav", folder.path("link.wav")).expect("a link");
    assert_success(&folder.host(["--seconds", "1", "-o", "link.wav"]));
    assert!(folder.path("link.wav").is_symlink());
    assert_eq!(samples(&folder.path("target.wav")).len(), 2 * 48_000);
}
