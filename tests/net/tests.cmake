# SPDX-License-Identifier: MIT
why_test(net/loop_test)
