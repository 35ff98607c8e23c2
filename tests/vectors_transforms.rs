//! User-id rules against the results of Go's own package `regexp`, and against the rules that its documentation states.
//!
//! Some cases come from the folder that `EDGE_OIDC_DATA` names; without it their test says so, and fails where CI runs it. Those of
//! `tests/golden/transforms/go.jsonl` were made of random parts and measured with Go 1.19.8: expression, template, user id, and
//! the result, `false` if nothing is found, or `null` if Go refuses the expression.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

use std::{env, fs};

use edge_oidc::identity::transform::{PatternError, Transform, TransformError, Transforms, Unwieldy};
use serde_json::{Value, json};

fn cases() -> Option<Vec<Value>> {
    let Ok(folder) = env::var("EDGE_OIDC_DATA") else {
        assert!(env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA must name the folder with the vectors");
        eprintln!("skipped: EDGE_OIDC_DATA does not name the folder with userid_transformers.json");
        return None;
    };
    let text = fs::read(format!("{folder}/data/userid_transformers.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    document["cases"].as_array().cloned()
}

#[test]
fn every_case_gives_what_go_gives() {
    let Some(cases) = cases() else { return };
    for case in &cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let rule = Transform::parse(text("pattern"), text("template"));
        assert_eq!(rule.is_ok(), case["go"]["compiles"] == true, "{case}");
        let Ok(rule) = rule else { continue };
        let result = rule.apply(text("input")).unwrap();
        assert_eq!(result.is_some(), case["go"]["matched"] == true, "{case}");
        assert_eq!(result.as_deref().unwrap_or(text("input")), case["go"]["result"], "{case}");
    }
    assert_eq!(cases.len(), 38);
}

#[test]
fn random_expressions_give_what_go_gives() {
    let (mut found, mut refused) = (0_u32, 0_u32);
    for line in include_str!("golden/transforms/go.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |index: usize| case[index].as_str().unwrap();
        let result = match Transform::parse(text(0), text(1)) {
            Ok(rule) => rule.apply(text(2)).unwrap().map_or(Value::Bool(false), Value::String),
            Err(_) => Value::Null,
        };
        assert_eq!(result, case[3], "{line}");
        found = found.saturating_add(u32::from(result.is_string()));
        refused = refused.saturating_add(u32::from(result.is_null()));
    }
    assert!(found > 200 && refused > 100, "{found} {refused}");
}

/// What `matches` and `replaces` make of `text`; unchanged if nothing is found.
fn replaced(matches: &str, replaces: &str, text: &str) -> String {
    let rule = Transform::parse(matches, replaces).unwrap_or_else(|error| panic!("{matches}: {error:?}"));
    rule.apply(text).unwrap().unwrap_or_else(|| text.to_owned())
}

/// `text` with `X` for each match.
fn marked(matches: &str, text: &str) -> String {
    replaced(matches, "X", text)
}

fn error(matches: &str) -> PatternError {
    match Transform::parse(matches, "") {
        Err(TransformError::Pattern(error)) => error,
        other => panic!("{matches}: {other:?}"),
    }
}

#[test]
fn perls_classes_are_of_ascii_inside_brackets_too() {
    let text = "a1_ \t\u{b}\u{a0}é\u{664}";
    for (matches, expected) in [
        (r"\d", "aX_ \t\u{b}\u{a0}é\u{664}"),
        (r"\w", "XXX \t\u{b}\u{a0}é\u{664}"),
        (r"\s", "a1_XX\u{b}\u{a0}é\u{664}"),
        (r"\D", "X1XXXXXXX"),
        (r"\W", "a1_XXXXXX"),
        (r"\S", "XXX \tXXXX"),
        (r"[\d\s]", "aX_XX\u{b}\u{a0}é\u{664}"),
        (r"[^\w]", "a1_XXXXXX"),
        (r"[\W\d]", "aX_XXXXXX"),
        (r"[[:space:]]", "a1_XXX\u{a0}é\u{664}"),
        (r"[[:^alpha:]]", "aXXXXXXXX"),
        (r"(?i)[[:upper:]]", "X1_ \t\u{b}\u{a0}é\u{664}"),
    ] {
        assert_eq!(marked(matches, text), expected, "{matches}");
    }
    assert_eq!(marked(r"\b", "aé b"), "XaXé XbX");
    assert_eq!(marked(r"\B", "aé"), "aéX");
}

#[test]
fn case_is_ignored_as_unicode_folds_it() {
    assert_eq!(marked("(?i)k", "kK\u{212a}"), "XXX");
    assert_eq!(marked("(?i)s", "sS\u{17f}"), "XXX");
    assert_eq!(marked("(?i)[j-l]", "kK\u{212a}"), "XXX");
    assert_eq!(marked(r"(?i)\w", "k\u{212a}\u{17f}"), "XXX");
    assert_eq!(marked(r"(?i)\W", "k\u{212a}\u{17f}-"), "k\u{212a}\u{17f}X");
    assert_eq!(marked("(?i)[^k]", "kK\u{212a}a"), "kK\u{212a}X");
    assert_eq!(marked("(?i)é", "éÉe"), "XXe");
    assert_eq!(marked("(?i)ß", "ß\u{1e9e}s"), "XXs");
    assert_eq!(marked("(?i)ÿ", "ÿ\u{178}"), "XX");
    assert_eq!(marked("(?i)å", "åÅ\u{212b}"), "XXX");
    assert_eq!(marked("(?i)µ", "µ\u{3bc}\u{39c}"), "XXX");
    assert_eq!(marked("(?i)[×÷]", "×÷"), "XX");
    // Signs between letters have no case, though their numbers lie as letters' do.
    assert_eq!((marked("(?i)×", "×÷"), marked("(?i)÷", "×÷")), ("X÷".to_owned(), "×X".to_owned()));
    assert_eq!(marked("k", "kK\u{212a}"), "XK\u{212a}");
    assert_eq!(marked("a(?i)b(?-i)c|d", "aBc aBC D"), "X aBC D");
    assert_eq!(marked("((?i)a)b", "AB Ab"), "AB X");
    for matches in ["(?i)ł", "(?i)[а-я]", "(?i)[^ł]", "(?i)\\x{212a}", "(?i:Ł)"] {
        assert_eq!(error(matches), PatternError::Folding, "{matches}");
    }
    assert_eq!(marked("(?i)a(?-i:[Łł])", "AŁ"), "X");
    assert_eq!(marked(r"(?i)[\x00-\x{10ffff}]", "aŁ"), "XX");
}

#[test]
fn what_is_literal_in_go_is_literal() {
    for (matches, text, expected) in [
        (r"\Qa.b\E", "a.b acb", "X acb"),
        (r"\Qa.b", "a.b acb", "X acb"),
        (r"\Qab\E+", "abb ab", "X X"),
        (r"a\Q\E+", "aa", "X"),
        ("[[a]", "[a", "XX"),
        ("[a&&b]", "a&b", "XXX"),
        ("[a~~b]", "a~b", "XXX"),
        ("[+--]", "+,-.", "XXX."),
        (r"[\d-z]", "1-zy", "XXXy"),
        ("[]a]", "]a", "XX"),
        ("[^]a]", "]ab", "]aX"),
        ("[a-]", "a-", "XX"),
        (r"\<\>", "<>", "X"),
        (r"\_\@", "_@", "X"),
        (r"\b{start}", "b{start} {start}", "bX {start}"),
        ("a{,2}", "a{,2}", "X"),
        ("x{2", "x{2", "X"),
        ("x{ 2}", "x{ 2}", "X"),
        ("x{01}", "x{01}", "X"),
        ("}", "}", "X"),
        (r"\x41\x{42}\x{000043}", "ABC", "X"),
        (r"\0\12\141", "\0\na", "X"),
        (r"\1411", "a1", "X"),
        (r"\a\f\t\n\r\v", "\u{7}\u{c}\t\n\r\u{b}", "X"),
    ] {
        assert_eq!(marked(matches, text), expected, "{matches}");
    }
}

#[test]
fn anchors_and_flags_mean_what_they_do_in_go() {
    for (matches, text, expected) in [
        ("^a", "aa\na", "Xa\na"),
        ("a$", "a\na\n", "a\na\n"),
        ("a$", "a\na", "a\nX"),
        ("(?m)^a$", "a\na\n", "X\nX\n"),
        (r"\Aa", "aa", "Xa"),
        (r"a\z", "a\n", "a\n"),
        ("a.", "a\nab", "a\nX"),
        ("(?s)a.", "a\nab", "XX"),
        ("(?U)a+", "aaa", "XXX"),
        ("(?U)a+?", "aaa", "X"),
        ("a+?", "aaa", "XXX"),
        ("(?i-s:A.)", "ab a\n", "X a\n"),
        ("(?:)", "ab", "XaXbX"),
        ("(?)a", "a", "X"),
        ("(?ii)a", "A", "X"),
        ("[^a]", "a\n", "aX"),
        ("a|ab", "ab", "Xb"),
        ("(|a)+", "aa", "XaXaX"),
        ("(|a)*", "aa", "XaXaX"),
        ("a*", "baac", "XbXcX"),
        ("a*(?i)*", "aab", "XbX"),
        ("x{0}a", "a", "X"),
        ("[^\\x00-\\x{10FFFF}]|b", "ab", "aX"),
    ] {
        assert_eq!(marked(matches, text), expected, "{matches}");
    }
}

#[test]
fn what_go_refuses_is_refused_by_name() {
    use PatternError::{
        Brackets, ClassName, CountOrder, Counts, Escape, Group, GroupName, Large, Long, Parenthesis, RangeOrder,
        Repetition, UnicodeClass,
    };
    let deep = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
    for (matches, expected) in [
        ("(?=a)a", Group),
        ("(?!a)a", Group),
        ("(?<n>a)", Group),
        ("(?P=n)", Group),
        ("(?x)a", Group),
        ("(?u)a", Group),
        ("(?R)a", Group),
        ("(?-)a", Group),
        ("(?i-)a", Group),
        ("(?i--s)a", Group),
        ("(?i", Group),
        ("(?P<é>a)", GroupName),
        ("(?P<>a)", GroupName),
        ("(?P<a.b>a)", GroupName),
        ("(?P<a", GroupName),
        (r"\Z", Escape),
        (r"\C", Escape),
        (r"\1", Escape),
        (r"(a)\1", Escape),
        (r"\8", Escape),
        (r"\u0041", Escape),
        (r"\U0001F600", Escape),
        (r"\q", Escape),
        (r"\é", Escape),
        (r"a\", Escape),
        (r"\x4", Escape),
        (r"\x{}", Escape),
        (r"\x{+41}", Escape),
        (r"\x{110000}", Escape),
        (r"\x{d800}", Escape),
        (r"[\Qa\E]", Escape),
        (r"[a-\d]", Escape),
        (r"\pL", UnicodeClass),
        (r"\P{Greek}", UnicodeClass),
        (r"[\p{^L}]", UnicodeClass),
        ("[a--b]", RangeOrder),
        ("[b-a]", RangeOrder),
        ("[a", Brackets),
        ("[]", Brackets),
        ("[[:foo:]]", ClassName),
        ("a**", Repetition),
        ("a++", Repetition),
        ("a{2}{3}", Repetition),
        ("*", Repetition),
        ("a|*", Repetition),
        ("(+)", Repetition),
        ("a{1001}", Counts),
        ("a{2,1}", CountOrder),
        ("a{99999999999}", Counts),
        ("(a{100}){11}", Counts),
        ("((a{2,10}b){10}c){11,}", Counts),
        ("a)", Parenthesis),
        ("(a", Parenthesis),
        ("((a)", Parenthesis),
        ("(a{100}){10}", Large),
        (&deep(60), Large),
        (&format!("{}a{}{}", "(".repeat(40), "*(?)".repeat(229), ")".repeat(40)), Large),
        (&"a".repeat(1001), Long),
    ] {
        assert_eq!(error(matches), expected, "{matches}");
    }
    assert!(Transform::parse(&"é".repeat(1000), "").is_ok() && Transform::parse(&deep(50), "").is_ok());
    assert_eq!(marked("(a{2}){2}", "aaaaa"), "Xa");
}

#[test]
fn every_refusal_says_what_is_wrong_and_quotes_nothing() {
    for matches in ["(?=hunter2)", r"\phunter2", "(hunter2", "(?i)ł", "hunter2{1001}", "[[:hunter2:]]", "hunter2**"] {
        let error = error(matches);
        let said = format!("{error}; {}", error.mend());
        assert!(said.len() > 40 && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_template_takes_the_longest_name() {
    let by = |replaces: &str| replaced("^(?P<u>a)(?P<n1>b)(c)?(?P<01>d)(?P<u_>e)?$", replaces, "abd");
    for (replaces, expected) in [
        ("$1", "a"),
        ("$0", "abd"),
        ("${1}x", "ax"),
        ("$1x", ""),
        ("$1_", ""),
        ("$1-$2", "a-b"),
        ("$3", ""),
        ("$9", ""),
        ("$99999999999", ""),
        ("$u", "a"),
        ("${u}b", "ab"),
        ("$n1", "b"),
        ("$01", "d"),
        ("$u_", ""),
        ("$ux", ""),
        ("$$1", "$1"),
        ("$$$1", "$a"),
        ("$", "$"),
        ("a$", "a$"),
        ("$-", "$-"),
        ("${", "${"),
        ("${1", "${1"),
        ("${}", "${}"),
        ("${a b}", "${a b}"),
        ("${a-b}", "${a-b}"),
        (r"\1", r"\1"),
        ("$&", "$&"),
        ("é$1 é", "éa é"),
        ("${1}é", "aé"),
    ] {
        assert_eq!(by(replaces), expected, "{replaces}");
    }
    for replaces in ["$é", "$1é", "${é}", "${1é}", "$→"] {
        assert_eq!(Transform::parse("a", replaces).unwrap_err(), TransformError::TemplateName, "{replaces}");
    }
}

#[test]
fn of_groups_of_one_name_the_first_that_matched_counts() {
    let by = |text: &str| replaced("^(?:(?P<n>a)|(?P<n>b)(?P<n>c))$", "<$n>", text);
    assert_eq!((by("a"), by("bc")), ("<a>".to_owned(), "<b>".to_owned()));
    assert_eq!(replaced("(a){0}(?P<n>b)", "<$n$1>", "ab"), "a<b>");
    assert_eq!(replaced("(?P<1>a)(b)", "$2$1", "ab"), "ba");
}

#[test]
fn the_first_rule_that_is_found_applies_and_no_other() {
    let rules = [("^x", "1"), ("b", "2"), ("2", "3"), ("b", "4")];
    let rules = rules.map(|(matches, replaces)| Transform::parse(matches, replaces).unwrap());
    let rules = Transforms::new(rules.into());
    assert_eq!(rules.apply("abb"), Ok(Some((1, "a22".to_owned()))));
    assert_eq!(rules.apply("xb"), Ok(Some((0, "1b".to_owned()))));
    assert_eq!(rules.apply("c"), Ok(None));
    assert_eq!(Transforms::default().apply(&"c".repeat(5000)), Ok(None));
    assert_eq!(rules.apply(&"c".repeat(513)), Err(Unwieldy));
}

// T-112
#[test]
fn no_user_id_makes_a_rule_slow_or_its_result_large() {
    let id = "a".repeat(512);
    // Each search goes on to the end, and finds one character.
    let greedy = Transform::parse("a(?:.*b)?(?:(?:.*c){40}(?:.*d){40}(?:.*e){40})?", "x").unwrap();
    assert!(greedy.apply(&id).is_err());
    let growing = Transform::parse("a", &"$0".repeat(500)).unwrap();
    assert_eq!(growing.apply(&id), Err(Unwieldy));
    assert_eq!(growing.apply("aaa"), Err(Unwieldy));
    assert_eq!(growing.apply("aa").unwrap().map(|text| text.len()), Some(1000));
    assert_eq!(json!(Transform::parse("^(a*)*$", "$0").unwrap().apply(&id).unwrap()), json!(id));
}
