//! The figures as a picture, which takes the colours of the page that shows it, light or dark.

use std::fmt::Write as _;

use crate::aims::{COLUMNS, Column};
use crate::drive::Figures;
use crate::program::Program;

/// The columns that are shown, by their labels, with their colours.
const BARS: [(&str, &str); 3] = [
    ("auto, worker", "#8c959f"),
    ("list, worker", "#2f81f7"),
    ("specialize!", "#2da44e"),
];

const BAR: f64 = 9.0;
const ROW: f64 = 3.0 * BAR + 11.0;
/// Where the bars begin, and how long one is that takes as long as plain calls.
const LEFT: f64 = 190.0;
const PLAIN: f64 = 360.0;
const TOP: f64 = 64.0;
/// Longer bars would leave the picture.
const LONGEST: f64 = 1.4;

/// A picture in SVG: up to three bars a program, and a line where plain calls are.
pub(crate) fn chart(figures: &Figures, programs: &[Program]) -> String {
    let shown: Vec<(&Column, &str)> = BARS
        .iter()
        .filter_map(|(label, colour)| {
            let column = COLUMNS.iter().find(|column| column.label == *label)?;
            Some((column, *colour))
        })
        .collect();
    let height = TOP + ROW * programs.len() as f64 + 32.0;
    let width = LEFT + PLAIN * LONGEST + 60.0;
    // Writing to a string never fails.
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Time over that with plain calls: shorter is better</title>\n\
         <style>text {{ font: 12px sans-serif; fill: #1f2328 }} .plain {{ stroke: #1f2328 }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .plain {{ stroke: #e6edf3 }} }}</style>\n\
         <text x=\"8\" y=\"16\">Time over that with plain calls: shorter is better</text>"
    );
    for (at, (column, colour)) in shown.iter().enumerate() {
        let x = LEFT + 150.0 * at as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"28\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"38\">{}</text>",
            x + 18.0,
            escaped(column.label)
        );
    }
    for (at, program) in programs.iter().enumerate() {
        let y = TOP + ROW * at as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 1.5 * BAR + 4.0,
            escaped(program.name)
        );
        for (bar, (column, colour)) in shown.iter().enumerate() {
            let Some(figure) = column.figure(figures, program.name) else {
                continue;
            };
            let length = PLAIN * figure.median.min(LONGEST);
            let y = y + BAR * bar as f64;
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{}\" style=\"font-size: 9px\">{:.2}</text>",
                BAR - 1.0,
                LEFT + length + 4.0,
                y + BAR - 1.0,
                figure.median
            );
        }
    }
    let x = LEFT + PLAIN;
    let _ = writeln!(
        svg,
        "<line class=\"plain\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\" stroke-dasharray=\"3\"/>\n\
         <text x=\"8\" y=\"{}\" style=\"font-size: 9px\">{}</text>\n</svg>",
        TOP - 8.0,
        height - 28.0,
        height - 8.0,
        escaped(&figures.host.to_string()),
    );
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
