"""What a release is made of, beside the image. No part of the appliance: nothing in `app` imports it."""
