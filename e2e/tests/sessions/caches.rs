//! What caches are told: no response with a session of ours may be kept, and all others are as the application made them.

use e2e::{Answer, Person};

use crate::support::{expect_renewed, expect_unchanged, expired, strict};

/// All that an application can say to caches that matters here.
const SAID: [(&str, &str); 5] = [
    ("cache-control", "public, max-age=600"),
    ("expires", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("surrogate-control", "max-age=600"),
    ("cdn-cache-control", "max-age=600"),
    ("etag", "\"1\""),
];

async fn cacheable(person: &Person) -> Answer {
    let said =
        SAID.map(|(name, value)| format!("answer_header={name}:{}", value.replace(' ', "+").replace('"', "%22")));
    person.get(&format!("/cacheable?{}", said.join("&"))).await
}

fn headers(answer: &Answer) -> Vec<Vec<&str>> {
    SAID.iter().map(|(name, _)| answer.all(name)).collect()
}

#[tokio::test]
async fn a_response_with_a_new_session_is_nobodys_to_keep_and_the_next_is_as_the_application_made_it() {
    let mut world = strict().workers(2).start().await;
    let people = expired::<2>(&world).await;
    for person in [people[0].with(e2e::Habits::default()), people[1].with(e2e::Habits::default().http2())] {
        let renewed = cacheable(&person).await;
        expect_renewed(&renewed);
        assert_eq!(headers(&renewed), [vec!["private, no-store"], vec![], vec![], vec![], vec!["\"1\""]], "{renewed}");
        let unchanged = cacheable(&person).await;
        expect_unchanged(&unchanged);
        assert_eq!(headers(&unchanged), SAID.map(|(_, value)| vec![value]), "{unchanged}");
    }
    world.assert_all_workers_alive().await;
}
