"""Decision making: sees observations, proposes settings, and knows no laser."""
