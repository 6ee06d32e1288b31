//! Reads AWS's price list of Lambda, to compare it with `data/prices.toml`.
//! <https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html>

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde_json::{Value, json};

use super::{Prices, Rates};

/// The variable with the path of a list of one Region.
const LIST: &str = "AWS_PRICE_LIST";

/// The prices of the lowest tier. In us-east-1, usage types have no prefix.
fn rates(list: &Value, architecture: Architecture) -> Result<Rates> {
    let suffix = match architecture {
        Architecture::X86_64 => "",
        Architecture::Aarch64 => "-ARM",
    };
    Ok(Rates {
        gigabyte_second: first_tier(list, &format!("Lambda-GB-Second{suffix}"))?,
        million_requests: first_tier(list, &format!("Request{suffix}"))? * 1e6,
    })
}

/// In US dollars.
fn first_tier(list: &Value, usage_type: &str) -> Result<f64> {
    let missing = || format!("the list has no price for `{usage_type}`");
    let products = list["products"].as_object().with_context(missing)?;
    let is_wanted = |product: &&Value| product["attributes"]["usagetype"] == usage_type;
    let skus = products.values().filter(is_wanted);
    let terms = skus.filter_map(|product| list["terms"]["OnDemand"][product["sku"].as_str()?].as_object());
    let dimensions = terms.flat_map(|terms| terms.values());
    let dimensions = dimensions.filter_map(|term| term["priceDimensions"].as_object());
    let mut dimensions = dimensions.flat_map(|dimensions| dimensions.values());
    let first = dimensions.find(|dimension| dimension["beginRange"] == "0");
    let price = first.and_then(|dimension| dimension["pricePerUnit"]["USD"].as_str());
    Ok(price.with_context(missing)?.parse()?)
}

fn near(left: Rates, right: Rates) -> bool {
    (left.gigabyte_second - right.gigabyte_second).abs() < 1e-12
        && (left.million_requests - right.million_requests).abs() < 1e-6
}

#[test]
fn prices_are_those_of_the_price_list() {
    let Some(path) = std::env::var_os(LIST) else {
        eprintln!("skipped: {LIST} does not name a price list");
        return;
    };
    let list: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let prices = Prices::embedded().unwrap();
    for architecture in [Architecture::X86_64, Architecture::Aarch64] {
        let (listed, own) = (rates(&list, architecture).unwrap(), prices.rates(architecture));
        assert!(near(listed, own), "{architecture}: {listed:?}, but here {own:?}");
    }
}

/// In the format of the list, with invented identifiers and prices.
#[test]
fn the_lowest_tier_of_a_list_is_read() {
    let product = |sku: &str, usage_type: &str| json!({"sku": sku, "attributes": {"usagetype": usage_type}});
    let dimension =
        |begin: &str, price: &str| json!({"beginRange": begin, "unit": "seconds", "pricePerUnit": {"USD": price}});
    let term = |dimensions: Value| json!({"T": {"priceDimensions": dimensions}});
    let list = json!({
        "products": {
            "A": product("A", "Lambda-GB-Second"), "B": product("B", "Request"),
            "C": product("C", "Lambda-GB-Second-ARM"), "D": product("D", "Lambda-Provisioned-GB-Second"),
        },
        "terms": {"OnDemand": {
            "A": term(json!({"A.2": dimension("6000000000", "0.3"), "A.1": dimension("0", "0.5")})),
            "B": term(json!({"B.1": dimension("0", "0.0000002000")})),
            "C": term(json!({"C.1": dimension("0", "0.25")})),
        }},
    });
    let found = rates(&list, Architecture::X86_64).unwrap();
    let expected = Rates {
        gigabyte_second: 0.5,
        million_requests: 0.2,
    };
    assert!(near(found, expected), "{found:?}");
    let error = rates(&list, Architecture::Aarch64).unwrap_err().to_string();
    assert!(error.contains("no price for `Request-ARM`"), "{error}");
}
