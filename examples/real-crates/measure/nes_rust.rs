//! nes_rust: frames of a cartridge that this program makes.

use std::error::Error;

use static_call_real_crates::rounds::{self, Workload, mix};

/// Frames that fill the emulator's audio buffer, which is drained then.
const FRAMES: u32 = 5;

/// Where the program's parts lie in its bank, which the processor sees at 0x8000.
const INTERRUPT: usize = 0x180;
const TABLE: usize = 0x200;

/// An iNES image with mapper 0 ("NROM"): one bank of program, one of patterns.
///
/// The program fills palette, name table and sprites, starts four sound channels,
/// and then sums a table over and over; its interrupt handler scrolls, copies the
/// sprites and changes a tone, once in a frame.
fn cartridge() -> Vec<u8> {
    #[rustfmt::skip]
    let start: &[u8] = &[
        0x78,                         // SEI
        0xD8,                         // CLD
        0xA2, 0xFF, 0x9A,             // LDX #$FF, TXS
        0xA9, 0x3F, 0x8D, 0x06, 0x20, // palette: PPUADDR = $3F00
        0xA9, 0x00, 0x8D, 0x06, 0x20,
        0xA2, 0x00,                   // LDX #0
        0x8A, 0x8D, 0x07, 0x20,       // TXA, STA PPUDATA
        0xE8, 0xE0, 0x20, 0xD0, 0xF7, // INX, CPX #32, BNE
        0xA9, 0x20, 0x8D, 0x06, 0x20, // name table: PPUADDR = $2000
        0xA9, 0x00, 0x8D, 0x06, 0x20,
        0xA0, 0x04, 0xA2, 0x00,       // LDY #4, LDX #0
        0x8A, 0x8D, 0x07, 0x20,       // TXA, STA PPUDATA
        0xE8, 0xD0, 0xF9,             // INX, BNE
        0x88, 0xD0, 0xF6,             // DEY, BNE
        0xA2, 0x00,                   // sprites
        0x8A, 0x9D, 0x00, 0x02,       // TXA, STA $0200,X
        0xE8, 0xD0, 0xF9,             // INX, BNE
        0xA9, 0x0F, 0x8D, 0x15, 0x40, // four channels on
        0xA9, 0xBF, 0x8D, 0x00, 0x40, // pulse 1
        0xA9, 0x40, 0x8D, 0x02, 0x40,
        0xA9, 0x08, 0x8D, 0x03, 0x40,
        0xA9, 0x81, 0x8D, 0x08, 0x40, // triangle
        0xA9, 0x60, 0x8D, 0x0A, 0x40,
        0xA9, 0x08, 0x8D, 0x0B, 0x40,
        0xA9, 0x3F, 0x8D, 0x0C, 0x40, // noise
        0xA9, 0x07, 0x8D, 0x0E, 0x40,
        0xA9, 0x08, 0x8D, 0x0F, 0x40,
        0xA9, 0x90, 0x8D, 0x00, 0x20, // interrupt once in a frame
        0xA9, 0x1E, 0x8D, 0x01, 0x20, // show background and sprites
        0xA2, 0x00,                   // LDX #0
        0xBD, 0x00, 0x82,             // LDA table,X
        0x65, 0x10,                   // ADC $10
        0x9D, 0x00, 0x03,             // STA $0300,X
        0x85, 0x10,                   // STA $10
        0xE8,                         // INX
        0x4C,                         // JMP, to the LDA
    ];
    #[rustfmt::skip]
    let interrupt: &[u8] = &[
        0x48,                         // PHA
        0xA9, 0x00, 0x8D, 0x03, 0x20, // OAMADDR = 0
        0xA9, 0x02, 0x8D, 0x14, 0x40, // copy the sprites
        0xAD, 0x02, 0x20,             // LDA PPUSTATUS
        0xE6, 0x11, 0xA5, 0x11,       // INC $11, LDA $11
        0x8D, 0x05, 0x20,             // scroll
        0x8D, 0x05, 0x20,
        0x8D, 0x02, 0x40,             // the tone
        0x68, 0x40,                   // PLA, RTI
    ];
    let mut program = vec![0xEA; 0x4000];
    program[..start.len()].copy_from_slice(start);
    let again = 0x8000 + start.len() - 12;
    program[start.len()..][..2].copy_from_slice(&(again as u16).to_le_bytes());
    program[INTERRUPT..][..interrupt.len()].copy_from_slice(interrupt);
    noise(&mut program[TABLE..][..0x100]);
    let vectors = [
        0x8000 + INTERRUPT,
        0x8000,
        0x8000 + INTERRUPT + interrupt.len() - 1,
    ];
    for (place, vector) in program[0x3FFA..].chunks_mut(2).zip(vectors) {
        place.copy_from_slice(&(vector as u16).to_le_bytes());
    }
    let mut patterns = vec![0; 0x2000];
    noise(&mut patterns);
    let header = *b"NES\x1a\x01\x01\0\0\0\0\0\0\0\0\0\0";
    [&header[..], &program, &patterns].concat()
}

fn noise(bytes: &mut [u8]) {
    let mut state = 0;
    for byte in bytes {
        state = mix(state, 1);
        *byte = (state >> 56) as u8;
    }
}

macro_rules! pass {
    ($nes:ident) => {{
        use $nes::{Nes, rom::Rom};
        let mut nes = Nes::new(
            Box::new($nes::default_input::DefaultInput::new()),
            Box::new($nes::default_display::DefaultDisplay::new()),
            Box::new($nes::default_audio::DefaultAudio::new()),
        );
        let rom = Rom::new(cartridge());
        assert!(rom.valid());
        nes.set_rom(rom);
        nes.bootup();
        let mut pixels = vec![0; 256 * 240 * 4];
        let mut samples = vec![0.0; 4096];
        let mut frame = 0;
        move || {
            nes.step_frame();
            frame += 1;
            if frame % FRAMES == 0 {
                nes.copy_sample_buffer(&mut samples);
            }
            nes.copy_pixels(&mut pixels);
            let sum = pixels
                .iter()
                .step_by(61)
                .fold(0, |sum, byte| mix(sum, u64::from(*byte)));
            samples
                .iter()
                .step_by(61)
                .fold(sum, |sum, sample| mix(sum, u64::from(sample.to_bits())))
        }
    }};
}

fn main() -> Result<(), Box<dyn Error>> {
    rounds::main(vec![
        Workload::new("a frame, per call")
            .variant("plain", pass!(plain_nes_rust))
            .variant("control", pass!(control_nes_rust))
            .variant("static", pass!(static_nes_rust))
            .variant("unlisted", pass!(unlisted_nes_rust))
            .variant("concrete", pass!(concrete_nes_rust)),
    ])
}
