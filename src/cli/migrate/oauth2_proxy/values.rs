//! Values as oauth2-proxy read them: Go's booleans and durations, and lists with commas.
//!
//! Decides what a text is worth there.

/// `strconv.ParseBool`; an empty text is false, as in its environment.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The elements between commas; quotes keep one together.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut elements = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => elements.push(String::new()),
            c => elements.iter_mut().next_back().into_iter().for_each(|element| element.push(c)),
        }
    }
    elements.iter().map(|element| element.trim().to_owned()).filter(|element| !element.is_empty()).collect()
}

/// `time.ParseDuration` in whole seconds: `168h`, `1h30m`, `45s`; a bare number is nanoseconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(nanoseconds) = text.parse::<i64>() {
        return nanoseconds.checked_div(1_000_000_000);
    }
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at_checked(digits)?;
        let end = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, left) = unit.split_at_checked(end)?;
        let size = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * size;
        rest = left;
    }
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a second are none here, and the cast saturates")]
    let whole = total as i64;
    if negative { whole.checked_neg() } else { Some(whole) }.filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let good = [
            ("168h", 604_800),
            ("1h30m", 5_400),
            ("45s", 45),
            ("0", 0),
            ("1.5h", 5_400),
            ("90000ms", 90),
            ("-1m", -60),
        ];
        for (text, value) in good {
            assert_eq!(seconds(text), Some(value), "{text}");
        }
        for text in ["", "1d", "h", "1 h", "one", "1h2"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn lists_have_commas_and_quotes_keep_elements_together() {
        assert_eq!(list("a, b,,\"c,d\""), ["a", "b", "c,d"]);
        assert!(list("").is_empty());
    }
}
