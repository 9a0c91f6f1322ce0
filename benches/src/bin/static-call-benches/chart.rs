//! The ratios as a picture: a panel for each row of the benchmark, in it a dot with
//! its 10th to 90th percentile for each contender, and a line where the plain call is.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use static_call_benches::columns::Column;
use static_call_benches::rows::{Build, Cell, Measured, Results};

/// Panels side by side.
const ACROSS: usize = 4;
/// Sizes in pixels.
const WIDTH: u32 = 1240;
const PANEL_HEIGHT: u32 = 222;
const TITLE: u32 = 64;
const LABELS: u32 = 92;
const FIGURES: u32 = 34;
/// The axis ends here; what lies beyond is drawn at the edge, with its figure.
const MOST: f64 = 1.6;

const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(214, 218, 224);
const OURS: RGBColor = RGBColor(0, 98, 190);
const THEIRS: RGBColor = RGBColor(196, 90, 0);
const REFERENCE: RGBColor = RGBColor(110, 116, 126);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Panel<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws all builds, one below the other.
pub(crate) fn draw(results: &Results, path: &Path) -> Result<(), String> {
    let lines = |build: &Build| build.rows.len().div_ceil(ACROSS);
    let heights: Vec<u32> = results
        .builds
        .iter()
        .map(|build| TITLE + PANEL_HEIGHT * u32::try_from(lines(build)).unwrap_or(0))
        .collect();
    let size = (WIDTH, heights.iter().sum::<u32>().max(1));
    let root = SVGBackend::new(path, size).into_drawing_area();
    let failed = |error: DrawingAreaErrorKind<_>| format!("{}: {error}", path.display());
    root.fill(&WHITE).map_err(failed)?;
    let mut rest = root.clone();
    for (build, height) in results.builds.iter().zip(heights) {
        let (area, below) = rest.split_vertically(height);
        rest = below;
        draw_build(results, build, &area).map_err(failed)?;
    }
    root.present().map_err(failed)
}

type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw_build(results: &Results, build: &Build, area: &Area<'_>) -> Drawn {
    let (title, panels) = area.split_vertically(TITLE);
    let heading = format!(
        "Time per call as a multiple of the plain dyn call's, {}: median, 10th to 90th percentile",
        build.name
    );
    title.draw(&Text::new(heading, (12, 10), text(17, INK)))?;
    let host = &results.host;
    let origin = format!(
        "{}; {}{}. Blue: static-call. Orange: closed sets and devirt. Left of the line is faster.",
        host.processor,
        host.rustc,
        if results.quick { "; few rounds" } else { "" }
    );
    title.draw(&Text::new(origin, (12, 36), text(13, REFERENCE)))?;
    let lines = build.rows.len().div_ceil(ACROSS);
    for (panel, row) in panels.split_evenly((lines, ACROSS)).iter().zip(&build.rows) {
        draw_row(row, panel)?;
    }
    Ok(())
}

fn draw_row(row: &Measured, area: &Area<'_>) -> Drawn {
    let shown: Vec<(Column, Option<&Cell>)> = Column::ALL
        .into_iter()
        .filter(|column| *column != Column::Plain)
        .map(|column| (column, row.cells.get(&column)))
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "a dozen")]
    let places = shown.len() as f64;
    let caption = format!(
        "{} ({:.1} ns)",
        row.label.replace('`', ""),
        row.plain_nanoseconds.median
    );
    let caption_style = text(13, INK).pos(Pos::new(HPos::Left, VPos::Top));
    area.draw(&Text::new(caption, (8, 4), caption_style))?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(22)
        .margin_right(FIGURES)
        .margin_left(LABELS)
        .x_label_area_size(20)
        .build_cartesian_2d(0.0..MOST, 0.0..places)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(5)
        .x_label_formatter(&|ratio| format!("{ratio:.1}"))
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT)
        .label_style(text(10, REFERENCE))
        .draw()?;
    let line = [(1.0, 0.0), (1.0, places)];
    chart.draw_series(std::iter::once(PathElement::new(line, INK)))?;
    let mut height = places - 0.5;
    for (column, cell) in shown {
        draw_cell(column, cell, height, &mut chart, area)?;
        height -= 1.0;
    }
    Ok(())
}

/// One contender: its name, its dot and whisker, its figure.
fn draw_cell(
    column: Column,
    cell: Option<&Cell>,
    height: f64,
    chart: &mut Panel<'_, '_>,
    area: &Area<'_>,
) -> Drawn {
    let color = color(column);
    let (left, top) = area.get_base_pixel();
    let (_, pixel) = chart.backend_coord(&(0.0, height));
    let at = |x: i32| (x - left, pixel - top);
    let (start, end) = (
        left,
        left + i32::try_from(area.dim_in_pixel().0).unwrap_or(0),
    );
    let name = text(11, color).pos(Pos::new(HPos::Right, VPos::Center));
    let labels = i32::try_from(LABELS).unwrap_or(0);
    area.draw(&Text::new(
        column.label().replace('`', ""),
        at(start + labels - 6),
        name,
    ))?;
    let figure = |words: String, color: RGBColor| {
        let style = text(11, color).pos(Pos::new(HPos::Right, VPos::Center));
        Text::new(words, at(end - 6), style)
    };
    let Some(ratio) = cell.and_then(|cell| cell.ratio) else {
        let words = if cell.is_some() { "?" } else { "–" };
        return area.draw(&figure(words.to_owned(), FAINT));
    };
    let inside = |ratio: f64| ratio.clamp(0.0, MOST);
    let whisker = [(inside(ratio.p10), height), (inside(ratio.p90), height)];
    let whisker = PathElement::new(whisker, color.stroke_width(2));
    chart.draw_series(std::iter::once(whisker))?;
    let dot = Circle::new((inside(ratio.median), height), 4, color.filled());
    chart.draw_series(std::iter::once(dot))?;
    area.draw(&figure(format!("{:.2}", ratio.median), color))
}

fn color(column: Column) -> RGBColor {
    match column {
        Column::Plain | Column::Control | Column::Generics => REFERENCE,
        Column::Idle
        | Column::Chain
        | Column::Inline
        | Column::Auto
        | Column::AutoInline
        | Column::Specialize => OURS,
        Column::Enum | Column::EnumDispatch | Column::Devirt => THEIRS,
    }
}

fn text(size: u32, color: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&color)
}
