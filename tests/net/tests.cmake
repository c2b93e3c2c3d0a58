# SPDX-License-Identifier: MIT
why_test(net/loop_test)
why_test(net/dial_test)
