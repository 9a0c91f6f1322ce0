//! rubato: a stream of chunks through its polynomial resamplers.

use std::error::Error;

use static_call_real_crates::rounds::{self, Workload, mix};

const CHANNELS: usize = 2;
const CHUNK: usize = 1024;
const CHUNKS: usize = 40;

/// A pass with one form of the crates: chunks in, chunks out.
macro_rules! pass {
    ($rubato:ident, $buffers:ident, $degree:ident, $adapter:ident) => {{
        use $buffers::direct::$adapter;
        use $rubato::{Async, FixedAsync, PolynomialDegree, Resampler};
        let ratio = 48_000.0 / 44_100.0;
        let mut resampler = Async::<f32>::new_poly(
            ratio,
            1.1,
            PolynomialDegree::$degree,
            CHUNK,
            CHANNELS,
            FixedAsync::Input,
        )
        .expect("valid parameters");
        let input: Vec<f32> = (0..CHANNELS * CHUNK)
            .map(|n| (n as f32 * 0.01).sin())
            .collect();
        let frames = resampler.output_frames_max();
        let mut output = vec![0.0_f32; CHANNELS * frames];
        move || {
            let mut sum = 0;
            for _ in 0..CHUNKS {
                let input = $adapter::new(&*input, CHANNELS, CHUNK).expect("long enough");
                let mut out =
                    $adapter::new_mut(&mut *output, CHANNELS, frames).expect("long enough");
                let (_, written) = resampler
                    .process_into_buffer(&input, &mut out, None)
                    .expect("long enough");
                sum = mix(sum, u64::from(output[written / 2].to_bits()));
            }
            sum
        }
    }};
}

macro_rules! workload {
    ($degree:ident) => {
        Workload::new(concat!(stringify!($degree), ", a region in the crate"))
            .variant(
                "plain",
                pass!(
                    plain_rubato,
                    plain_audioadapter_buffers,
                    $degree,
                    SequentialSlice
                ),
            )
            .variant(
                "control",
                pass!(
                    control_rubato,
                    control_audioadapter_buffers,
                    $degree,
                    SequentialSlice
                ),
            )
            .variant(
                "static",
                pass!(
                    static_rubato,
                    static_audioadapter_buffers,
                    $degree,
                    SequentialSlice
                ),
            )
            .variant(
                "unlisted",
                pass!(
                    unlisted_rubato,
                    unlisted_audioadapter_buffers,
                    $degree,
                    SequentialSlice
                ),
            )
            .variant(
                "concrete",
                pass!(
                    concrete_rubato,
                    concrete_audioadapter_buffers,
                    $degree,
                    SequentialSlice
                ),
            )
    };
}

fn main() -> Result<(), Box<dyn Error>> {
    rounds::main(vec![
        workload!(Linear),
        workload!(Nearest),
        workload!(Cubic),
    ])
}
