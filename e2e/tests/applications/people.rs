//! People and programs at the gateway of an application that keeps no record of what it received.

use e2e::{Answer, Ask, Person, World};
use http::Method;

/// Somebody who has signed in on the way to a page, and that page.
pub async fn signed_in(world: &World, user: &str, page: &str) -> (Person, Answer) {
    let person = world.person();
    let authorize = person.begin(page).await;
    let callback = person.approve(user, &authorize).await;
    let answer = person.navigate(callback.as_str()).await;
    (person, answer)
}

/// A program's request.
pub fn with_token<'a>(program: &'a Person, path: &str, token: &str) -> Ask<'a> {
    program.ask(Method::GET, path).header("authorization", format!("Bearer {token}"))
}
