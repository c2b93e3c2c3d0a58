# SPDX-License-Identifier: MIT
why_test(scenario/pair_test)
