"""Look-ups in acd.yaml: what becomes of them, and what is told of a wrong address."""

from tests.config.conftest import Small


def test_a_look_up_is_in_the_plan_without_its_token(small: Small) -> None:
    small.edit("config/acd.yaml", "pbxs:", "lookups: {crm: {url: 'http://crm/{ani}', "
               "into: {customer: owner.name}, token_file: secrets/crm}}\npbxs:")  # fmt: skip
    found = small.load().plan.lookups["crm"]
    assert (found.url, found.into) == ("http://crm/{ani}", {"customer": "owner.name"})
    assert found.token_file.endswith("config/secrets/crm")


def test_an_address_names_only_what_can_be_known(small: Small) -> None:
    small.edit("config/acd.yaml", "pbxs:", "lookups: {crm: {url: 'http://crm/{contrakt}', "
               "into: {contract: id}}}\npbxs:")  # fmt: skip
    (told,) = small.told()
    assert 'unknown attribute "contrakt", did you mean "contract"?' in told
