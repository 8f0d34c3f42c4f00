//! Plots as SVG, light enough to be written by hand.

use super::figures::{shown, whole};
use super::growth::Chart;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// Colours that people with any eyesight tell apart.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A logarithmic axis between powers of ten.
struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let logs: Vec<f64> = values.filter(|it| *it > 0.0).map(f64::log10).collect();
        let least = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
        if least.is_finite() {
            Self { least, most: most.max(least + 1.0), from, to }
        } else {
            Self { least: 0.0, most: 1.0, from, to }
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).log10() - self.least) / (self.most - self.least);
        self.from + share * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.least as i32..=self.most as i32).map(|it| 10_f64.powi(it))
    }
}

/// Both axes are logarithmic: what does not grow is a flat line.
pub(crate) fn lines(chart: &Chart) -> String {
    let points = || chart.curves.iter().flat_map(|it| it.points.iter());
    let across = Axis::over(points().map(|it| it.0 as f64), LEFT, WIDTH - RIGHT);
    let up = Axis::over(points().map(|it| it.1), HEIGHT - BOTTOM, TOP);
    let mut svg = begin(chart.title);
    for tick in across.ticks() {
        let x = across.place(tick);
        svg += &line(x, TOP, x, HEIGHT - BOTTOM, "#ddd");
        svg += &text(x, HEIGHT - BOTTOM + 18.0, "middle", &whole(tick as u64));
    }
    for tick in up.ticks() {
        let y = up.place(tick);
        svg += &line(LEFT, y, WIDTH - RIGHT, y, "#ddd");
        svg += &text(LEFT - 8.0, y + 4.0, "end", &shown(tick));
    }
    svg += &text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 18.0, "middle", chart.of);
    for (index, curve) in chart.curves.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let places = curve.points.iter().map(|(x, y)| (across.place(*x as f64), up.place(*y)));
        let places: Vec<(f64, f64)> = places.collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        svg += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            path.join(" ")
        );
        for (x, y) in &places {
            svg += &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>\n");
        }
        let y = TOP + 18.0 * index as f64;
        svg += &line(WIDTH - RIGHT + 16.0, y, WIDTH - RIGHT + 36.0, y, colour);
        svg += &text(WIDTH - RIGHT + 42.0, y + 4.0, "start", &curve.label);
    }
    svg + "</svg>\n"
}

/// A scenario's contestants and their ratios to its base.
pub(crate) struct Bars {
    pub(crate) title: String,
    pub(crate) bars: Vec<(String, f64)>,
}

/// Horizontal bars on a logarithmic scale, with a line at 1: the base.
pub(crate) fn bars(groups: &[Bars], title: &str) -> String {
    let ratios = groups.iter().flat_map(|it| it.bars.iter().map(|it| it.1)).chain([1.0]);
    let across = Axis::over(ratios, 190.0, WIDTH - 60.0);
    let rows: usize = groups.iter().map(|it| it.bars.len() + 1).sum();
    let height = TOP + rows as f64 * 18.0 + 30.0;
    let mut svg = begin_sized(title, height);
    let base = across.place(1.0);
    svg += &line(base, TOP - 10.0, base, height - 20.0, "#888");
    let mut y = TOP;
    for group in groups {
        svg += &bold(8.0, y + 8.0, &group.title);
        y += 18.0;
        for (index, (label, ratio)) in group.bars.iter().enumerate() {
            let end = across.place(*ratio);
            let (from, width) = (base.min(end), (end - base).abs().max(1.0));
            let colour = COLOURS[index % COLOURS.len()];
            svg += &text(182.0, y + 8.0, "end", label);
            svg += &format!(
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"12\" \
                 fill=\"{colour}\"/>\n",
                y - 2.0
            );
            svg += &text(base.max(end) + 5.0, y + 8.0, "start", &format!("{ratio:.2} ×"));
            y += 18.0;
        }
    }
    svg + "</svg>\n"
}

fn begin(title: &str) -> String {
    begin_sized(title, HEIGHT)
}

fn begin_sized(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <title>{0}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{0}</text>\n",
        escaped(title)
    )
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64, colour: &str) -> String {
    format!(
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>\n"
    )
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n", escaped(words))
}

fn bold(x: f64, y: f64, words: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" font-weight=\"bold\">{}</text>\n", escaped(words))
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::growth::Curve;
    use super::*;

    #[test]
    fn a_flat_curve_is_a_flat_line() {
        let points = vec![(10, 2.5), (100, 2.5), (1_000, 2.5)];
        let curve = Curve { label: "a <b>".to_owned(), points, problems: Vec::new() };
        let svg = lines(&Chart { name: "x", title: "X", of: "members", curves: vec![curve] });
        let path = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        let heights: Vec<_> = path.split(' ').map(|it| it.split(',').nth(1).unwrap()).collect();
        assert!(heights.windows(2).all(|it| it[0] == it[1]), "{path}");
        assert!(svg.contains("a &lt;b&gt;") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn a_plot_without_points_is_drawn_too() {
        let svg = lines(&Chart { name: "x", title: "X", of: "members", curves: Vec::new() });
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_bar_below_the_base_goes_to_the_left() {
        let group = Bars { title: "work".to_owned(), bars: vec![("a".to_owned(), 0.5)] };
        let svg = bars(&[group], "X");
        assert!(svg.contains("0.50 ×"), "{svg}");
    }
}
