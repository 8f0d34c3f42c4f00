//! Medians and how they are written.

/// The middle one; nothing of nothing.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Half of the distance between the extremes, as a share of the median: `± 3 %`.
pub(crate) fn spread(figures: &[f64]) -> String {
    let middle = median(figures.iter().copied());
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match middle.filter(|it| figures.len() > 1 && *it > 0.0) {
        Some(middle) => format!("± {:.0} %", (most - least) / 2.0 / middle * 100.0),
        None => "–".to_owned(),
    }
}

/// Three significant digits, with separated thousands.
pub(crate) fn shown(figure: f64) -> String {
    let decimals = match figure.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    separated(&format!("{figure:.decimals$}"))
}

/// A count, with separated thousands.
pub(crate) fn whole(count: u64) -> String {
    separated(&count.to_string())
}

fn separated(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut text = String::new();
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn the_spread_is_relative() {
        assert_eq!(spread(&[9.0, 10.0, 11.0]), "± 10 %");
        assert_eq!(spread(&[9.0]), "–");
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(shown(0.294), "0.29");
        assert_eq!(shown(38.94), "38.9");
        assert_eq!(shown(604.2), "604");
        assert_eq!(shown(1_234_567.0), "1,234,567");
        assert_eq!(whole(10), "10");
    }
}
