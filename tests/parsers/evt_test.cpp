// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "parse/parser.hpp"
#include "support/run_parser.hpp"
namespace necropsy::parsers {
ParserEntry evt();
}
using namespace necropsy;
TEST_CASE("samples") { CHECK(test::check_samples(parsers::evt()) == ""); }
