# SPDX-License-Identifier: MIT
# What is installed: two libraries, shared and static, their headers, and how others find them.
